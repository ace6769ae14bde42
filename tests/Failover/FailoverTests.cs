using Temporalio.Client;

namespace Nstance.Temporal.Tests.Failover;

/// <summary>
/// Hosts that die, freeze or are stopped in the midst of a phase: nothing is lost, nothing wrong ends, garbage goes all
/// the same.
/// </summary>
public sealed class FailoverTests
{
    [Theory(Timeout = 120_000)]
    [InlineData("DescribeInstances", true)] // a page was listed, its answer never arrives
    [InlineData("TerminateInstances", false)] // announced, not ended
    [InlineData("TerminateInstances", true)] // ended, record and row stand
    [InlineData("DeleteObjects", false)]
    [InlineData("DeleteObjects", true)] // record gone, row stands
    public async Task Cycle_HostKilledInTheMidstOfACall_AnotherHostFinishesTheWork(string operation, bool after)
    {
        await using var hosts = await Hosts.StartAsync(2, "s");
        var living = Enumerable.Range(0, 5).Select(_ => hosts.Add("s", registered: true)).ToArray();
        var collector = await hosts.CollectAsync("s");
        var before = await Hosts.CycleUntilAsync(collector, r => r.Grace is null);
        var garbage = hosts.AddGarbage();
        var hold = hosts.Hold(operation, after);

        var update = await collector.StartUpdateAsync(
            w => w.RunCycleAsync(new(false)), new(WorkflowUpdateStage.Accepted));
        await hold.Arrived.WaitAsync(TestContext.Current.CancellationToken);
        await hosts.Worker(before.Host!).SignalAsync("KILL", TestContext.Current.CancellationToken);
        var report = await update.GetResultAsync();

        Assert.NotEqual(before.Host, report.Host);
        await hosts.FinishedAsync(collector, living, garbage);
    }

    [Fact(Timeout = 120_000)]
    public async Task Acquire_HostKilledWhileItRebuilds_AnotherTakesTheShard()
    {
        await using var hosts = await Hosts.StartAsync(2, "s");
        var living = Enumerable.Range(0, 5).Select(_ => hosts.Add("s", registered: true)).ToArray();
        var hold = hosts.Hold("ListObjectsV2", after: true);
        var collector = await hosts.CollectAsync("s");
        await collector.StartUpdateAsync(w => w.RunCycleAsync(new(false)), new(WorkflowUpdateStage.Accepted));
        await hold.Arrived.WaitAsync(TestContext.Current.CancellationToken);
        var first = hosts.HolderOf("s");

        await hosts.Worker(first).SignalAsync("KILL", TestContext.Current.CancellationToken);

        var report = await Hosts.CycleUntilAsync(collector, r => r.Outcome == CycleOutcome.Completed);
        Assert.NotEqual(first, report.Host);
        await hosts.FinishedAsync(collector, living, hosts.AddGarbage());
    }
}
