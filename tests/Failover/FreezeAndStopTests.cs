using Nstance.Temporal.Workflows;
using Temporalio.Client;

namespace Nstance.Temporal.Tests.Failover;

/// <summary>Hosts that freeze, that are stopped, or that die while they hold several shards.</summary>
public sealed class FreezeAndStopTests
{
    [Fact(Timeout = 120_000)]
    public async Task Cycle_HostFrozenDuringACall_TerminatesNothingWhenItContinues()
    {
        await using var hosts = await Hosts.StartAsync(2, "s");
        var living = Enumerable.Range(0, 5).Select(_ => hosts.Add("s", registered: true)).ToArray();
        var collector = await hosts.CollectAsync("s");
        var before = await Hosts.CycleUntilAsync(collector, r => r.Grace is null);
        var garbage = hosts.AddGarbage();
        var hold = hosts.Hold("TerminateInstances", after: true);
        var update = await collector.StartUpdateAsync(
            w => w.RunCycleAsync(new(false)), new(WorkflowUpdateStage.Accepted));
        await hold.Arrived.WaitAsync(TestContext.Current.CancellationToken);
        await hosts.Worker(before.Host!).SignalAsync("STOP", TestContext.Current.CancellationToken);
        Assert.NotEqual(before.Host, (await update.GetResultAsync()).Host);
        await hosts.FinishedAsync(collector, living, garbage);
        // Registered while the host is frozen, in the group whose termination it began.
        var late = hosts.Add("s", registered: true);

        hold.Open();
        await hosts.Worker(before.Host!).SignalAsync("CONT", TestContext.Current.CancellationToken);

        await Hosts.CycleUntilAsync(collector, r => r.Outcome == CycleOutcome.Completed);
        await hosts.FinishedAsync(collector, [.. living, late], garbage);
    }

    [Fact(Timeout = 120_000)]
    public async Task Run_StoppedDuringACall_FinishesItAndExitsWithZero()
    {
        await using var hosts = await Hosts.StartAsync(2, "s");
        var living = Enumerable.Range(0, 5).Select(_ => hosts.Add("s", registered: true)).ToArray();
        var collector = await hosts.CollectAsync("s");
        var before = await Hosts.CycleUntilAsync(collector, r => r.Grace is null);
        var garbage = hosts.AddGarbage();
        var hold = hosts.Hold("DeleteObjects", after: false);
        var update = await collector.StartUpdateAsync(
            w => w.RunCycleAsync(new(false)), new(WorkflowUpdateStage.Accepted));
        await hold.Arrived.WaitAsync(TestContext.Current.CancellationToken);

        await hosts.Worker(before.Host!).SignalAsync("TERM", TestContext.Current.CancellationToken);
        hold.Open();

        Assert.Equal(0, (await hosts.Worker(before.Host!).EndAsync(TestContext.Current.CancellationToken)).Code);
        var report = await update.GetResultAsync();
        Assert.Equal(garbage.Length, report.Collect!.Of(CollectReason.Dangling).Terminated);
        await hosts.FinishedAsync(collector, living, garbage);
    }

    [Fact(Timeout = 120_000)]
    public async Task Cycle_HostOfSeveralShardsKilled_AnotherHostContinuesThem()
    {
        string[] shards = ["s1", "s2", "s3"];
        await using var hosts = await Hosts.StartAsync(2, shards);
        var collectors = new Dictionary<string, WorkflowHandle<GcWorkflow>>();
        foreach (var shard in shards)
        {
            hosts.Add(shard, registered: true);
            collectors[shard] = await hosts.CollectAsync(shard);
        }

        var first = new Dictionary<string, string>();
        foreach (var (shard, collector) in collectors)
            first[shard] = (await Hosts.CycleUntilAsync(collector, r => r.Outcome == CycleOutcome.Completed)).Host!;
        var victim = first.Values.GroupBy(h => h).MaxBy(g => g.Count())!.Key;

        await hosts.Worker(victim).SignalAsync("KILL", TestContext.Current.CancellationToken);
        var reports = await Task.WhenAll(
            shards.Select(s => Hosts.CycleUntilAsync(collectors[s], r => r.Outcome == CycleOutcome.Completed)));

        Assert.All(reports, r => Assert.NotEqual(victim, r.Host));
        Assert.All(shards.Zip(reports), p => Assert.True(first[p.First] == victim || first[p.First] == p.Second.Host));
        Assert.Equal(shards.Length, hosts.Cloud.Ec2.All().Count(m => m.Alive));
    }
}
