using Nstance.Temporal.Activities.Rules;
using static Nstance.Temporal.Tests.Rules.RuleWorld;

namespace Nstance.Temporal.Tests.Rules;

public sealed class PauseRulesTests
{
    [Theory]
    [InlineData("acme/web", null, "acme", "web", "paused (acme/web, every sweep): not now")]
    [InlineData("acme/web", "Dangling", "acme", "web", "paused (acme/web, Dangling): not now")]
    [InlineData(null, "Dangling", "acme", "web", "paused (every group, Dangling): not now")]
    [InlineData(null, null, null, null, "paused (every group, every sweep): not now")]
    [InlineData("web", null, "acme", "web", "paused (web, every sweep): not now")]
    [InlineData("acme/web", null, null, "web", "paused (acme/web, every sweep): not now")]
    [InlineData("acme/web", null, "", "web", "paused (acme/web, every sweep): not now")]
    [InlineData("acme/web", null, "acme", null, "paused (acme/web, every sweep): not now")]
    [InlineData("acme/web", null, "", "", "paused (acme/web, every sweep): not now")]
    [InlineData("acme/web", null, "acme", "db", null)]
    [InlineData("acme/web", null, "globex", "web", null)]
    [InlineData("acme/web", null, "globex", "", null)]
    [InlineData("acme/web", null, "", "db", null)]
    [InlineData("acme/web", "Orphan", "acme", "web", null)]
    [InlineData(null, "Orphan", "acme", "web", null)]
    [InlineData("web", null, "acme", "db", null)]
    public void Of_OnePause_HoldsBackWhatItMayCover(
        string? paused, string? sweep, string? tenant, string? group, string? expected)
    {
        Sweep? pausedSweep = sweep is null ? null : Enum.Parse<Sweep>(sweep);
        var pause = new PauseState("not now", At(-10), Group: paused, Sweep: pausedSweep);
        var input = Input with { PartialPauses = [pause] };
        Assert.Equal(expected, PauseRules.Of(input, Sweep.Dangling, tenant, group));
    }

    [Theory]
    [InlineData(-1, false)]
    [InlineData(0, false)]
    [InlineData(1, true)]
    public void Of_PauseThatEnds_HoldsUntilThen(int ticks, bool isPaused)
    {
        var input = Input with { PartialPauses = [new() { Until = AsOf + (ticks * Tick) }] };
        Assert.Equal(isPaused, PauseRules.Of(input, Sweep.Dangling, "acme", "web") is not null);
    }

    [Fact]
    public void Of_SeveralPauses_SaysTheFirstThatCovers()
    {
        var input = Input with
        {
            PartialPauses =
            [
                new() { Group = "acme/db", Reason = "one" }, new() { Group = "acme/web", Reason = "two" },
                new() { Reason = "three" },
            ],
        };
        Assert.Equal("paused (acme/web, every sweep): two", PauseRules.Of(input, Sweep.Dangling, "acme", "web"));
    }

    [Fact]
    public void Of_NoPause_IsNull() => Assert.Null(PauseRules.Of(Input, Sweep.Dangling, null, null));
}
