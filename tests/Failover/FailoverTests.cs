using Nstance.Temporal.Simulation.Faults;
using Nstance.Temporal.Workflows;
using Nstance.Temporal.Workflows.Contracts;
using Temporalio.Client;

namespace Nstance.Temporal.Tests.Failover;

/// <summary>Hosts that die, freeze or are stopped in the midst of a phase: nothing is lost, nothing wrong ends, garbage goes all the same.</summary>
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
        var garbage = await GarbageAsync(hosts);
        var hold = hosts.Hold(operation, after);

        var update = await collector.StartUpdateAsync(w => w.RunCycleAsync(new()), new(WorkflowUpdateStage.Accepted));
        await hold.Arrived.WaitAsync(TestContext.Current.CancellationToken);
        await hosts.Worker(before.Host!).SignalAsync("KILL", TestContext.Current.CancellationToken);
        var report = await update.GetResultAsync();

        Assert.NotEqual(before.Host, report.Host);
        await FinishedAsync(hosts, collector, living, garbage);
    }

    [Fact(Timeout = 120_000)]
    public async Task Acquire_HostKilledWhileItRebuilds_AnotherTakesTheShard()
    {
        await using var hosts = await Hosts.StartAsync(2, "s");
        var living = Enumerable.Range(0, 5).Select(_ => hosts.Add("s", registered: true)).ToArray();
        var hold = new CallHold();
        hosts.Cloud.Faults.Script("GetObject", Fault.None, Fault.Held(hold, after: false)); // the first is config.jsonc
        var collector = await hosts.CollectAsync("s");
        await hold.Arrived.WaitAsync(TestContext.Current.CancellationToken);
        var first = hosts.HolderOf("s");

        await hosts.Worker(first).SignalAsync("KILL", TestContext.Current.CancellationToken);

        var report = await Hosts.CycleUntilAsync(collector, r => r.Outcome == CycleOutcome.Completed);
        Assert.NotEqual(first, report.Host);
        await FinishedAsync(hosts, collector, living, await GarbageAsync(hosts));
    }

    [Fact(Timeout = 120_000)]
    public async Task Cycle_HostFrozenWithACallUnderWay_DoesNoHarmWhenItWakesUp()
    {
        await using var hosts = await Hosts.StartAsync(2, "s");
        var living = Enumerable.Range(0, 5).Select(_ => hosts.Add("s", registered: true)).ToArray();
        var collector = await hosts.CollectAsync("s");
        var before = await Hosts.CycleUntilAsync(collector, r => r.Grace is null);
        var garbage = await GarbageAsync(hosts);
        var hold = hosts.Hold("TerminateInstances", after: true);
        var update = await collector.StartUpdateAsync(w => w.RunCycleAsync(new()), new(WorkflowUpdateStage.Accepted));
        await hold.Arrived.WaitAsync(TestContext.Current.CancellationToken);
        await hosts.Worker(before.Host!).SignalAsync("STOP", TestContext.Current.CancellationToken);
        Assert.NotEqual(before.Host, (await update.GetResultAsync()).Host);
        await FinishedAsync(hosts, collector, living, garbage);
        // What comes into its hands while it sleeps: the same group, registered since.
        var late = hosts.Add("s", registered: true);

        hold.Open();
        await hosts.Worker(before.Host!).SignalAsync("CONT", TestContext.Current.CancellationToken);

        await Hosts.CycleUntilAsync(collector, r => r.Outcome == CycleOutcome.Completed);
        await FinishedAsync(hosts, collector, [.. living, late], garbage);
    }

    [Fact(Timeout = 120_000)]
    public async Task Run_StoppedInTheMidstOfACall_FinishesItAndEndsWithZero()
    {
        await using var hosts = await Hosts.StartAsync(2, "s");
        var living = Enumerable.Range(0, 5).Select(_ => hosts.Add("s", registered: true)).ToArray();
        var collector = await hosts.CollectAsync("s");
        var before = await Hosts.CycleUntilAsync(collector, r => r.Grace is null);
        var garbage = await GarbageAsync(hosts);
        var hold = hosts.Hold("DeleteObjects", after: false);
        var update = await collector.StartUpdateAsync(w => w.RunCycleAsync(new()), new(WorkflowUpdateStage.Accepted));
        await hold.Arrived.WaitAsync(TestContext.Current.CancellationToken);

        await hosts.Worker(before.Host!).SignalAsync("TERM", TestContext.Current.CancellationToken);
        hold.Open();

        Assert.Equal(0, (await hosts.Worker(before.Host!).EndAsync(TestContext.Current.CancellationToken)).Code);
        var report = await update.GetResultAsync();
        Assert.Equal(garbage.Length, report.Collect!.Dangling.Ended);
        await FinishedAsync(hosts, collector, living, garbage);
    }

    [Fact(Timeout = 120_000)]
    public async Task Cycle_OneOfThreeHostsKilled_ItsShardsGoOnElsewhere()
    {
        string[] shards = ["s1", "s2", "s3", "s4", "s5", "s6"];
        await using var hosts = await Hosts.StartAsync(3, shards);
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
        var reports = await Task.WhenAll(shards.Select(s => Hosts.CycleUntilAsync(collectors[s], r => r.Outcome == CycleOutcome.Completed)));

        Assert.All(reports, r => Assert.NotEqual(victim, r.Host));
        Assert.All(shards.Zip(reports), p => Assert.True(first[p.First] == victim || first[p.First] == p.Second.Host));
        Assert.Equal(shards.Length, hosts.Cloud.Ec2.All().Count(m => m.Alive));
    }

    /// <summary>Unregistered, and launched longer ago than the timeout.</summary>
    private static async Task<Hosts.Instance[]> GarbageAsync(Hosts hosts)
    {
        var garbage = Enumerable.Range(0, 3).Select(_ => hosts.Add("s", registered: false)).ToArray();
        var launched = hosts.Cloud.Ec2.Find(garbage[^1].ProviderId)!.LaunchedAt;
        while (DateTimeOffset.UtcNow < launched + TimeSpan.FromSeconds(2)) await Task.Delay(100, TestContext.Current.CancellationToken);
        return garbage;
    }

    private static async Task FinishedAsync(
        Hosts hosts, WorkflowHandle<GcWorkflow> collector, Hosts.Instance[] living, Hosts.Instance[] garbage)
    {
        await Hosts.CycleUntilAsync(collector, _ => !garbage.Any(g => hosts.IsAlive(g) || hosts.HasRecord(g)));
        Assert.All(living, l => Assert.True(hosts.IsAlive(l) && hosts.HasRecord(l)));
        Assert.All(garbage, g => Assert.False(hosts.IsAlive(g)));
    }
}
