using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Tests.Worker;

public sealed class DurationTextTests
{
    [Theory]
    [InlineData("0", "0s")]
    [InlineData("500ms", "500ms")]
    [InlineData("90s", "1m30s")]
    [InlineData("2m", "2m")]
    [InlineData("1h", "1h")]
    [InlineData("1h30m", "1h30m")]
    [InlineData("1.5s", "1.5s")]
    [InlineData("00:01:30", "1m30s")]
    [InlineData("2.00:00:00", "48h")]
    public void TryParse_EitherForm_IsUnderstood(string text, string formatted)
    {
        Assert.True(DurationText.TryParse(text, out var time));
        Assert.Equal(formatted, DurationText.Format(time));
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("5 minutes")]
    [InlineData("2x")]
    [InlineData("s")]
    [InlineData("1:30")]
    [InlineData("99:99:99")]
    public void TryParse_NoTime_IsRefused(string text) => Assert.False(DurationText.TryParse(text, out _));
}
