using System.Globalization;
using CsCheck;
using Nstance.Temporal.Activities.Reconcile;

namespace Nstance.Temporal.Tests.Security;

/// <summary>What a receiver accepts and what it refuses.</summary>
public sealed class WebhookSignatureTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 25, 7, 0, 0, TimeSpan.Zero);
    private static readonly byte[] Secret = "a secret of the test"u8.ToArray();
    private static readonly byte[] Other = "another secret"u8.ToArray();
    private static readonly byte[] Body = "{\"kind\":\"GroupChanged\"}"u8.ToArray();

    [Theory]
    [InlineData(0, true)]
    [InlineData(-299, true)]
    [InlineData(299, true)]
    [InlineData(-301, false)]
    [InlineData(301, false)]
    [InlineData(-86_400, false)]
    public void Verify_SignedSoLongAgo_IsTakenWithinTheWindow(int seconds, bool taken)
    {
        var timestamp = Stamp(seconds);
        Assert.Equal(taken, Verify(timestamp, WebhookSignature.Sign(Secret, timestamp, Body), Body));
    }

    [Fact]
    public void Verify_OldCallWithANewTimestamp_IsRefused() =>
        Assert.False(Verify(Stamp(0), WebhookSignature.Sign(Secret, Stamp(-3600), Body), Body));

    [Fact]
    public void Verify_AnyByteOfTheBodyChanged_IsRefused() =>
        Gen.Select(Gen.Int[0, Body.Length - 1], Gen.Byte[1, 255]).Sample((at, change) =>
        {
            var body = Body.ToArray();
            body[at] ^= change;
            Assert.False(Verify(Stamp(0), WebhookSignature.Sign(Secret, Stamp(0), Body), body));
        });

    [Fact]
    public void Verify_SecretsChange_BothAreTaken()
    {
        var signature = WebhookSignature.Sign(Other, Stamp(0), Body);
        Assert.True(WebhookSignature.Verify([Secret, Other], Stamp(0), signature, Body, Now));
        Assert.False(WebhookSignature.Verify([Secret], Stamp(0), signature, Body, Now));
        Assert.False(WebhookSignature.Verify([], Stamp(0), signature, Body, Now));
    }

    [Fact]
    public void Verify_NarrowerTolerance_Holds()
    {
        var signature = WebhookSignature.Sign(Secret, Stamp(-20), Body);
        Assert.False(WebhookSignature.Verify([Secret], Stamp(-20), signature, Body, Now, TimeSpan.FromSeconds(10)));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("+1795590000")]
    [InlineData(" 1795590000")]
    [InlineData("1795590000.0")]
    [InlineData("99999999999999999999999")]
    [InlineData("999999999999")]
    [InlineData("١٧٩٥٥٩٠٠٠٠")]
    public void Verify_NoTimestamp_IsRefused(string? timestamp) =>
        Assert.False(Verify(timestamp, WebhookSignature.Sign(Secret, timestamp ?? "", Body), Body));

    [Fact]
    public void Verify_AnyOtherSignature_IsRefusedAndNeverThrows() =>
        Gen.OneOf(Gen.String, Gen.Const("sha256="), Gen.Const(""))
            .Sample(signature => Assert.False(Verify(Stamp(0), signature, Body)));

    private static bool Verify(string? timestamp, string? signature, byte[] body) =>
        WebhookSignature.Verify([Secret], timestamp, signature, body, Now);

    private static string Stamp(int seconds) =>
        (Now.ToUnixTimeSeconds() + seconds).ToString(CultureInfo.InvariantCulture);
}
