using Temporalio.Client;

namespace Nstance.Temporal.Tests.Failover;

/// <summary>
/// A worker process is killed during a phase: another host finishes the work, and no healthy machine is terminated.
/// Chaos kills hosts at every call, in virtual time (<c>Crash</c>, <c>HostLost</c>).
/// </summary>
public sealed class FailoverTests
{
    /// <summary>The instances are terminated; their records and rows are still there.</summary>
    [Fact(Timeout = 120_000)]
    public async Task Cycle_HostKilledAfterTermination_AnotherHostFinishesTheWork()
    {
        await using var hosts = await Hosts.StartAsync(2, "s");
        var cycle = await hosts.HoldCycleAsync("TerminateInstances", after: true);

        await hosts.Worker(cycle.Host).SignalAsync("KILL", TestContext.Current.CancellationToken);
        var report = await cycle.Update.GetResultAsync();

        Assert.NotEqual(cycle.Host, report.Host);
        await hosts.FinishedAsync(cycle.Collector, cycle.Living, cycle.Garbage);
    }

    [Fact(Timeout = 120_000)]
    public async Task Acquire_HostKilledDuringRebuild_AnotherTakesTheShard()
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
