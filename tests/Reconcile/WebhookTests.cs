using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Nstance.Temporal.Activities.Reconcile;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Tests.Reconcile;

/// <summary>What a receiver gets, and which addresses the webhook refuses.</summary>
public sealed class WebhookTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Now = new(2026, 11, 25, 7, 0, 0, TimeSpan.Zero);
    private static readonly byte[] Secret = "a secret of the test"u8.ToArray();

    private static readonly Notification News = new(
        new("prod", "zone", "bucket"), "GroupChanged",
        [new(ReconcileEventType.GroupChanged, "acme", "web", null, Now, false, "lost one")], "GroupChanged/1");

    private readonly List<(IReadOnlyDictionary<string, string> Headers, byte[] Body, string Path)> _received = [];
    private Func<HttpContext, Task> _answer = _ => Task.CompletedTask;
    private WebApplication _app = null!;

    private Uri Url => new(new Uri(_app.Urls.First()), "/hook?token=hidden");

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _app = builder.Build();
        _app.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            var headers = context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString());
            _received.Add((headers, body.ToArray(), context.Request.Path));
            await _answer(context);
        });
        await _app.StartAsync();
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    [Fact]
    public async Task Send_Taken_IsSignedOverTimeAndBody()
    {
        await SendAsync();

        var (headers, body, _) = Assert.Single(_received);
        var timestamp = headers[WebhookSignature.TimestampHeader];
        Assert.Equal(Now.ToUnixTimeSeconds().ToString(), timestamp);
        Assert.Equal("GroupChanged/1", headers[WebhookSignature.KeyHeader]);
        var signature = headers[WebhookSignature.SignatureHeader];
        Assert.Equal(WebhookSignature.Sign(Secret, timestamp, body), signature);
        Assert.NotEqual(WebhookSignature.Sign(Secret, "1", body), signature);
        Assert.NotEqual(WebhookSignature.Sign("another"u8.ToArray(), timestamp, body), signature);
    }

    [Fact]
    public void Sign_KnownText_GivesTheKnownSignature() =>
        // printf '1.{}' | openssl dgst -sha256 -hmac key
        Assert.Equal(
            "sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData("key"u8, "1.{}"u8)),
            WebhookSignature.Sign("key"u8.ToArray(), "1", "{}"u8));

    [Theory]
    [InlineData(301, false)]
    [InlineData(302, false)]
    [InlineData(308, false)]
    [InlineData(400, true)]
    [InlineData(404, true)]
    [InlineData(408, false)]
    [InlineData(425, false)]
    [InlineData(429, false)]
    [InlineData(500, false)]
    [InlineData(503, false)]
    public async Task Send_Refused_IsFinalOrRetried(int status, bool final)
    {
        _answer = context =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.Location = "/elsewhere";
            return Task.CompletedTask;
        };

        var failure = await Assert.ThrowsAsync<ApplicationFailureException>(() => SendAsync());

        Assert.Equal(final, failure.NonRetryable);
        Assert.DoesNotContain("hidden", failure.ToString(), StringComparison.Ordinal);
        Assert.Equal("/hook", Assert.Single(_received).Path); // no redirect is followed
    }

    /// <summary>The path is the secret of many receivers.</summary>
    [Fact]
    public async Task Send_Refused_NamesTheHostAlone()
    {
        _answer = context =>
        {
            context.Response.StatusCode = 500;
            return Task.CompletedTask;
        };
        var url = new UriBuilder(Url) { UserName = "u", Password = "p", Path = "/T/SECRET", Query = "x" }.Uri;

        var failure = await Assert.ThrowsAsync<ApplicationFailureException>(() => SendAsync(url));

        Assert.Equal($"the webhook at {_app.Urls.First()} answered 500", failure.Message);
        Assert.DoesNotContain("SECRET", failure.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("p@", failure.ToString(), StringComparison.Ordinal);
        Assert.Equal("/T/SECRET", Assert.Single(_received).Path);
    }

    [Fact]
    public async Task Send_NoAnswerInTime_IsRetried()
    {
        var never = new TaskCompletionSource();
        _answer = context => never.Task.WaitAsync(context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);

        var failure = await Assert.ThrowsAsync<ApplicationFailureException>(
            () => SendAsync(timeout: TimeSpan.FromMilliseconds(200)));

        Assert.False(failure.NonRetryable);
    }

    [Fact]
    public async Task Send_Cancelled_IsACancellationAndNoFault()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => SendAsync(ct: cancelled.Token));
        Assert.Empty(_received);
    }

    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("169.254.169.254", true)]
    [InlineData("::1", true)]
    [InlineData("::ffff:169.254.169.254", true)]
    [InlineData("fe80::1", true)]
    [InlineData("fd00:ec2::254", true)]
    [InlineData("0.0.0.0", true)]
    [InlineData("0.0.0.7", true)]
    [InlineData("127.8.8.8", true)]
    [InlineData("169.254.170.2", true)]
    [InlineData("::169.254.169.254", true)]
    [InlineData("64:ff9b::a9fe:a9fe", true)]
    [InlineData("64:ff9b::7f00:1", true)]
    [InlineData("2002:a9fe:a9fe::1", true)]
    [InlineData("fe80::1%1", true)]
    [InlineData("fec0::1", true)]
    [InlineData("::", true)]
    [InlineData("64:ff9b::808:808", false)]
    [InlineData("::ffff:10.0.0.7", false)]
    [InlineData("10.0.0.7", false)]
    [InlineData("2001:db8::1", false)]
    public void IsNear_Address_IsRefusedBehindAName(string address, bool near) =>
        Assert.Equal(near, Webhook.IsNear(IPAddress.Parse(address)));

    [Fact]
    public async Task Send_NameOfThisHost_IsRefused()
    {
        // RFC 6761: any name under localhost is this host. A resolver without that rule fails too.
        var url = new UriBuilder(Url) { Host = "hook.localhost" }.Uri;

        await Assert.ThrowsAsync<ApplicationFailureException>(() => SendAsync(url));

        Assert.Empty(_received);
    }

    [Theory]
    [InlineData("169.254.169.254")]
    [InlineData("[::ffff:169.254.169.254]")]
    [InlineData("[fe80::1]")]
    [InlineData("[fd00:ec2::254]")]
    [InlineData("0xA9FEA9FE")]
    [InlineData("2852039166")]
    public async Task Send_LinkLocalAddress_IsRefusedEvenWhenLiteral(string host)
    {
        var url = new Uri($"http://{host}/latest/meta-data");
        var failure = await Assert.ThrowsAsync<ApplicationFailureException>(() => SendAsync(url));
        Assert.Contains("link-local", failure.InnerException!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_AsText_HaveNeitherSecretNorQuery() => Assert.DoesNotContain(
        "hidden", new WebhookSettings(Url) { Secret = Secret }.ToString(), StringComparison.Ordinal);

    private async Task SendAsync(Uri? url = null, TimeSpan? timeout = null, CancellationToken ct = default)
    {
        var settings = new WebhookSettings(url ?? Url)
        {
            Secret = Secret,
            Timeout = timeout ?? TimeSpan.FromSeconds(30),
        };
        using var webhook = new Webhook(settings, new FakeTimeProvider(Now));
        await webhook.SendAsync(News, ct);
    }
}
