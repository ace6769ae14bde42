using Nstance.Temporal.Worker.Commands;

namespace Nstance.Temporal.Tests.Worker;

/// <summary>The line that shows the progress of a cycle.</summary>
public sealed class CycleProgressTests
{
    [Fact]
    public void Line_SyncHalfWay_ShowsABarAndCounts() => Assert.Equal(
        "[######..............] SyncProvider 500 of about 1000 listed",
        CycleProgress.Line("SyncProvider", new("listing") { Listed = 500 }, expected: 1000, attempt: 1));

    [Fact]
    public void Line_SyncListsMoreThanExpected_StaysWithinItsPhase() => Assert.Equal(
        "[########............] SyncProvider 5000 of about 1000 listed",
        CycleProgress.Line("SyncProvider", new("listing") { Listed = 5000 }, expected: 1000, attempt: 1));

    [Fact]
    public void Line_FirstCycle_HasNothingToCompareWith() => Assert.Equal(
        "[####................] SyncProvider 500 listed",
        CycleProgress.Line("SyncProvider", new("listing") { Listed = 500 }, expected: null, attempt: 1));

    [Fact]
    public void Line_CollectTriedAgain_CountsWhatEndedAndNamesTheAttempt()
    {
        var done = new CollectResult
        {
            Counts =
            [
                new() { Reason = CollectReason.Dangling, Terminated = 3 },
                new() { Reason = CollectReason.Unhealthy, Terminated = 2 },
            ],
        };

        Assert.Equal(
            "[########............] Collect (attempt 2) 5 terminated",
            CycleProgress.Line("Collect", new("collect: Dangling") { Collected = done }, expected: 10, attempt: 2));
    }

    [Fact]
    public void Line_NothingSaidYet_NamesThePhaseAlone() => Assert.Equal(
        "[################....] PurgeRecords",
        CycleProgress.Line("PurgeRecords", null, expected: null, attempt: 1));
}
