using CsCheck;
using Nstance.Temporal.Activities.Domain;

namespace Nstance.Temporal.Tests.Domain;

public sealed class GoDurationTests
{
    [Theory]
    [InlineData("0", 0, "0s")]
    [InlineData("1h30m", 5400, "1h30m0s")]
    [InlineData("90s", 90, "1m30s")]
    [InlineData("-2m", -120, "-2m0s")]
    [InlineData("+.5h", 1800, "30m0s")]
    [InlineData("500ms", 0.5, "500ms")]
    [InlineData("1.5s", 1.5, "1.5s")]
    public void Parse_GosForms_GiveTheirLength(string text, double seconds, string again)
    {
        Assert.True(GoDuration.TryParse(text, out var duration));
        Assert.Equal(TimeSpan.FromSeconds(seconds), duration);
        Assert.Equal(again, GoDuration.Format(duration));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("-")]
    [InlineData(".s")]
    [InlineData("1d")]
    [InlineData("1 h")]
    [InlineData("soon")]
    [InlineData("9223372036854775808ns")]
    [InlineData("2562048h")]
    public void Parse_OtherTexts_AreRefused(string? text) => Assert.False(GoDuration.TryParse(text, out _));

    [Fact]
    public void Format_AnyDuration_ReadsBackTheSame() =>
        Gen.Long[-90_000_000_000_000_000, 90_000_000_000_000_000].Sample(ticks =>
            GoDuration.TryParse(GoDuration.Format(new TimeSpan(ticks)), out var again) && again.Ticks == ticks);
}
