using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Tests.Worker;

/// <summary>Rules of limits and quiet hours, as people write them.</summary>
public sealed class SteeringTextTests
{
    [Fact]
    public void Rules_WellWritten_AreRead()
    {
        Assert.Null(SteeringText.Rules("acme/web:stale-pre-insert=10/50, *:orphan=0/0,shard:*=20/30", out var rules));
        Assert.Equal(
            [
                new LimitRule(10, 50) { Group = "acme/web", Reason = CollectReason.StalePreInsert },
                new LimitRule(0, 0) { Reason = CollectReason.Orphan },
                new LimitRule(20, 30) { OfShard = true },
            ],
            rules);
    }

    [Theory]
    [InlineData("acme:dangling=1/2")]
    [InlineData("*:dangling=1")]
    [InlineData("*:dangling=1/101")]
    [InlineData("*:dangling=-1/5")]
    [InlineData("*:rust=1/5")]
    [InlineData("*:1=1/5")]
    [InlineData("acme/web=1/5")]
    public void Rules_Broken_AreNamed(string text) => Assert.Equal(text, SteeringText.Rules($"*:*=1/1, {text}", out _));

    [Fact]
    public void QuietHours_WellWritten_AreRead()
    {
        Assert.Null(SteeringText.QuietHours("Sat,Sun 00:00-00:00 Europe/Berlin; 02:00-04:30", out var hours));
        Assert.Equal(2, hours.Count);
        Assert.Equal(("00:00", "Europe/Berlin", 2), (hours[0].From, hours[0].TimeZone, hours[0].Days.Count));
        Assert.Equal(("02:00", "04:30", "UTC"), (hours[1].From, hours[1].To, hours[1].TimeZone));
    }

    [Theory]
    [InlineData("25:00-26:00")]
    [InlineData("Someday 02:00-04:00")]
    [InlineData("02:00-04:00 Nowhere/Land")]
    [InlineData("02:00")]
    public void QuietHours_Broken_AreNamed(string text) => Assert.Equal(text, SteeringText.QuietHours(text, out _));
}
