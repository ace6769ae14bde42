using Temporalio.Client;

namespace Nstance.Temporal.Tests.Failover;

/// <summary>A worker process that freezes or is stopped during a call, and a cycle that is paused in one.</summary>
public sealed class FreezeAndStopTests
{
    [Fact(Timeout = 120_000)]
    public async Task Cycle_HostFrozenDuringACall_TerminatesNothingWhenItContinues()
    {
        await using var hosts = await Hosts.StartAsync(2, "s");
        var cycle = await hosts.HoldCycleAsync("TerminateInstances", after: true);
        await hosts.Worker(cycle.Host).SignalAsync("STOP", TestContext.Current.CancellationToken);
        Assert.NotEqual(cycle.Host, (await cycle.Update.GetResultAsync()).Host);
        await hosts.FinishedAsync(cycle.Collector, cycle.Living, cycle.Garbage);
        // Registered while the host is frozen, in the group whose termination it began.
        var late = hosts.Add("s", registered: true);

        cycle.Hold.Open();
        await hosts.Worker(cycle.Host).SignalAsync("CONT", TestContext.Current.CancellationToken);

        await Hosts.CycleUntilAsync(cycle.Collector, r => r.Outcome == CycleOutcome.Completed);
        await hosts.FinishedAsync(cycle.Collector, [.. cycle.Living, late], cycle.Garbage);
    }

    /// <summary>A pause that was answered must not be followed by the termination of another batch.</summary>
    [Fact(Timeout = 120_000)]
    public async Task Cycle_PausedDuringTheFirstOfThreeBatches_TerminatesNoSecond()
    {
        await using var hosts = await Hosts.StartAsync(1, "s");
        var cycle = await hosts.HoldCycleAsync("TerminateInstances", after: true, garbage: 501);

        var rpc = new RpcOptions { CancellationToken = TestContext.Current.CancellationToken };
        await cycle.Collector.ExecuteUpdateAsync(w => w.PauseAsync(new("stop it")), new() { Rpc = rpc });
        cycle.Hold.Open();

        var report = await cycle.Update.GetResultAsync();
        Assert.Contains("collect did not end: paused: stop it", report.Problems);
        Assert.Equal(250, cycle.Garbage.Count(g => !hosts.IsAlive(g)));
        Assert.All(cycle.Living, l => Assert.True(hosts.IsAlive(l)));
    }

    [Fact(Timeout = 120_000)]
    public async Task Run_StoppedDuringACall_FinishesItAndExitsWithZero()
    {
        await using var hosts = await Hosts.StartAsync(2, "s");
        var cycle = await hosts.HoldCycleAsync("DeleteObjects", after: false);

        await hosts.Worker(cycle.Host).SignalAsync("TERM", TestContext.Current.CancellationToken);
        cycle.Hold.Open();

        Assert.Equal(0, (await hosts.Worker(cycle.Host).EndAsync(TestContext.Current.CancellationToken)).Code);
        var report = await cycle.Update.GetResultAsync();
        Assert.Equal(cycle.Garbage.Length, report.Collect!.Of(CollectReason.Dangling).Terminated);
        await hosts.FinishedAsync(cycle.Collector, cycle.Living, cycle.Garbage);
    }
}
