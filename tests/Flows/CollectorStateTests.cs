using Nstance.Temporal.Workflows.Collector;

namespace Nstance.Temporal.Tests.Flows;

/// <summary>What a cycle leaves in the state.</summary>
public sealed class CollectorStateTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 25, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(false, 2)]
    [InlineData(true, 0)] // a requested dry-run of a collector that enforces
    public void BeginCycle_TwoMinutesLater_NextIntervalCountsFromItUnlessItIsExtra(bool isExtra, int minutes)
    {
        var collector = Collector(dryRun: false);

        collector.BeginCycle(Noon.AddMinutes(2), isExtra);

        Assert.Equal((Noon.AddMinutes(minutes), 1), (collector.State.LastCycleAt, collector.State.Cycle));
    }

    /// <summary>Otherwise requested dry-runs would hide that no enforcing cycle completes.</summary>
    [Theory]
    [InlineData(false, false, CycleOutcome.Completed, true)]
    [InlineData(false, true, CycleOutcome.Completed, false)]
    [InlineData(true, true, CycleOutcome.Completed, true)]
    [InlineData(false, false, CycleOutcome.Partial, false)]
    [InlineData(false, false, CycleOutcome.Blocked, false)]
    public void EndCycle_Report_IsGoodIfItCompletedInTheCollectorsMode(
        bool collectorIsDry, bool cycleIsDry, CycleOutcome outcome, bool isGood)
    {
        var collector = Collector(collectorIsDry);
        var ended = Noon.AddMinutes(3);

        collector.EndCycle(new(1, Noon) { DryRun = cycleIsDry, Outcome = outcome, EndedAt = ended }, ended);

        Assert.Equal(isGood ? ended : Noon.AddMinutes(-9), collector.State.LastGoodAt);
    }

    private static CollectorState Collector(bool dryRun) => new(new(new("c", "s", "b"))
    {
        Settings = new() { DryRun = dryRun },
        State = new() { LastCycleAt = Noon, LastGoodAt = Noon.AddMinutes(-9) },
    });
}
