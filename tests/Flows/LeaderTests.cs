using Nstance.Temporal.Tests.Support;
using Nstance.Temporal.Workflows.Collector;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Tests.Flows;

/// <summary>The collector follows nstance's leader, with a grace period after each election.</summary>
public sealed class LeaderTests(TemporalServerFixture server) : IClassFixture<TemporalServerFixture>
{
    private static readonly NstanceLeaderInfo Known = ScriptedSteps.Leader;

    [Theory]
    // The first leader ever needs no grace period beyond that of the first host.
    [InlineData("sync=led", false, null, 0)]
    [InlineData("sync=led", true, null, 0)]
    [InlineData("sync=readdressed", true, null, 0)]
    // The host changed to a file of its own.
    [InlineData("", true, null, 0)]
    [InlineData("sync=moved", true, "nst-7 became nstance's leader", 0)]
    // The same server was elected again, after the cycle began.
    [InlineData("sync=again", true, "nst-1 became nstance's leader", 30)]
    public async Task Sync_LeaderIsKnownOrNot_StartsAGracePeriodAfterAnElection(
        string script, bool isKnown, string? why, int seconds)
    {
        var collector = Collector(isKnown ? Known : null);

        var steps = new ScriptedSteps(collector, script);
        var report = await new Cycle(collector, steps, false, ScriptedSteps.Start).RunAsync();

        Assert.Equal(why, report.Grace?.Why);
        Assert.Equal(
            why is null ? null : ScriptedSteps.Start.AddSeconds(seconds), collector.State.Grace?.Since);
        Assert.Equal(report.Sync!.Leader, collector.State.Leader);
        Assert.Equal(collector.State.Leader, collector.Status(ended: false).Leader);
    }

    [Fact]
    public async Task Collect_ElectedAgainSinceTheSync_SyncsAgainBeforeAnythingIsTerminated()
    {
        var collector = Collector(Known);
        var steps = new ScriptedSteps(collector, "sync=led,again collect=lost acquire=again");

        await new Cycle(collector, steps, false, ScriptedSteps.Start).RunAsync();

        Assert.Equal(["sync", "collect", "acquire", "sync", "collect", "health", "purge"], steps.Calls);
        Assert.Equal("nst-1 became nstance's leader", steps.Phases[^3].Input.Grace?.Why);
    }

    [Fact]
    public async Task RunCycle_LeaderMoved_AnotherHostTakesOverWithGrace()
    {
        await using var stage = await Stage.SetAsync(server.Environment);
        stage.Arrive(stage.Second);
        stage.Gc.Leader = Known;
        var collector = await stage.StartAsync();
        await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)));
        var isLost = false;
        stage.Gc.Fault = call =>
        {
            if (call != "sync" || isLost) return null;
            isLost = true;
            stage.Gc.Host = stage.Second;
            stage.Gc.Leader = new("nst-7", "10.0.3.4:9000", DateTimeOffset.UtcNow);
            return new ApplicationFailureException("nstance's leader is nst-7", ErrorTypes.ShardNotHeld);
        };

        var report = await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)));

        Assert.Equal((CycleOutcome.Completed, stage.Second), (report.Outcome, report.Host));
        Assert.Equal("nst-7 became nstance's leader", report.Grace?.Why);
        Assert.Contains($"sync lost host {stage.First}: nstance's leader is nst-7", report.Problems);
        Assert.Equal("nst-7", (await collector.QueryAsync(w => w.Status())).Leader?.Id);
    }

    [Fact]
    public async Task RunCycle_EveryHostDeclinesUntilTheTimeIsUp_SaysWhy()
    {
        server.RequireTimeSkipping();
        await using var stage = await Stage.SetAsync(server.Environment);
        const string Why = "nstance has no leader for prod/a: nst-7 resigned";
        stage.Gc.Fault = call =>
            call == "acquire" ? new ApplicationFailureException(Why, ErrorTypes.HostDeclined) : null;
        var collector = await stage.StartAsync(new() { CycleTimeout = TimeSpan.FromMinutes(1), DryRun = false });

        // The first cycle begins within the interval of two minutes.
        await stage.PassAsync(TimeSpan.FromMinutes(4));

        var report = (await collector.QueryAsync(w => w.Reports()))[^1];
        Assert.Equal(CycleOutcome.Failed, report.Outcome);
        Assert.Contains($"no host for sync: HostDeclined: {Why}", report.Problems);
    }

    [Fact]
    public async Task RunCycle_NoHostForWantOfALeader_StatusSaysSinceWhenUntilOneLeads()
    {
        await using var stage = await Stage.SetAsync(server.Environment);
        var isElected = false;
        stage.Gc.Fault = call => call == "acquire" && !isElected
            ? new ApplicationFailureException("nst-7 resigned", ErrorTypes.NoLeader, nonRetryable: true)
            : null;
        var collector = await stage.StartAsync();
        var failed = await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)));
        var without = await collector.QueryAsync(w => w.Status());
        isElected = true;
        var completed = await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)));
        var with = await collector.QueryAsync(w => w.Status());

        Assert.Contains("no host for sync: NoLeader: nst-7 resigned", failed.Problems);
        Assert.Equal(failed.StartedAt, without.NoLeaderSince);
        Assert.Equal((CycleOutcome.Completed, null), (completed.Outcome, with.NoLeaderSince));
    }

    private static CollectorState Collector(NstanceLeaderInfo? leader) => new(
        new(new("acme", "us-west-2a", "bucket"))
        {
            State = new() { Host = new("one", "queue-one", new()), LastHost = "one", Leader = leader },
        });
}
