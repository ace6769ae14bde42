using Nstance.Temporal.Workflows.Collector;

namespace Nstance.Temporal.Tests.Flows;

/// <summary>
/// The order of a cycle's phases and what follows a failure. <see cref="ScriptedSteps"/> explains the scripts.
/// </summary>
public sealed class CycleTests
{
    private const string All = "acquire sync collect health purge";
    private const string TwoSyncs = "acquire sync collect acquire sync collect health purge";
    private const string NotAfterFailedSync = "collect did not run: nothing is terminated after a failed sync";
    private const string LostInCollect = "collect lost host one: no sign of life";
    private const string LostInSync = "sync lost host one: no sign of life";

    private static readonly ShardRef Shard = new("acme", "us-west-2a", "bucket");

    [Theory]
    [InlineData("", All, CycleOutcome.Completed)]
    [InlineData("acquire=noted", All, CycleOutcome.Completed, "host one: the disk is slow")]
    [InlineData("health=suspect", All, CycleOutcome.Blocked)]
    // A failed phase does not stop the others. Without a good sync nothing is terminated.
    [InlineData(
        "sync=failed", "acquire sync health purge", CycleOutcome.Partial, "sync failed: no answer", NotAfterFailedSync)]
    [InlineData(
        "sync=suspect", All, CycleOutcome.Blocked)]
    [InlineData("collect=failed", All, CycleOutcome.Partial, "collect failed: no answer")]
    [InlineData("health=failed", All, CycleOutcome.Partial, "health failed: no answer")]
    [InlineData("purge=away", All, CycleOutcome.Partial, "purge: the bucket is away")]
    [InlineData("purge=failed", All, CycleOutcome.Partial, "purge failed: no answer")]
    [InlineData(
        "sync=failed health=failed purge=failed", "acquire sync health purge", CycleOutcome.Failed,
        "sync failed: no answer", NotAfterFailedSync, "health failed: no answer", "purge failed: no answer")]
    public Task Run_PhaseFails_ReportsItAndRunsTheOthers(
        string script, string calls, CycleOutcome outcome, params string[] problems) =>
        AssertAsync(script, calls, outcome, problems);

    [Theory]
    // Another host, or one that was rebuilt, syncs before anything else. The same host with its database does not.
    [InlineData("collect=lost acquire=one,two", TwoSyncs, LostInCollect)]
    [InlineData("collect=lost acquire=one,rebuilt", TwoSyncs, LostInCollect)]
    [InlineData("collect=lost", "acquire sync collect acquire collect health purge", LostInCollect)]
    [InlineData("sync=lost", "acquire sync acquire sync collect health purge", LostInSync)]
    [InlineData("sync=lost acquire=one,two", "acquire sync acquire sync collect health purge", LostInSync)]
    [InlineData(
        "health=lost acquire=one,two", "acquire sync collect health acquire sync health purge",
        "health lost host one: no sign of life")]
    [InlineData(
        "purge=lost acquire=one,two", "acquire sync collect health purge acquire sync purge",
        "purge lost host one: no sign of life")]
    [InlineData(
        "collect=lost,lost acquire=one,two,three",
        "acquire sync collect acquire sync collect acquire sync collect health purge",
        LostInCollect, "collect lost host two: no sign of life")]
    [InlineData(
        "collect=lost sync=ok,lost acquire=one,two,three",
        "acquire sync collect acquire sync acquire sync collect health purge",
        LostInCollect, "sync lost host two: no sign of life")]
    public Task Run_HostLost_RepeatsThePhaseOnTheNextHost(string script, string calls, params string[] problems) =>
        AssertAsync(script, calls, CycleOutcome.Completed, problems);

    [Theory]
    [InlineData(
        "collect=lost sync=ok,failed acquire=one,two", "acquire sync collect acquire sync health purge",
        CycleOutcome.Partial, LostInCollect, "sync failed: no answer", NotAfterFailedSync)]
    [InlineData(
        "collect=lost sync=ok,suspect acquire=one,two", TwoSyncs,
        CycleOutcome.Blocked, LostInCollect)]
    // A sync that failed is not repeated within the cycle, on another host either.
    [InlineData(
        "sync=failed health=lost acquire=one,two", "acquire sync health acquire health purge", CycleOutcome.Partial,
        "sync failed: no answer", NotAfterFailedSync, "health lost host one: no sign of life")]
    public Task Run_NextHostCannotSync_TerminatesNothing(
        string script, string calls, CycleOutcome outcome, params string[] problems) =>
        AssertAsync(script, calls, outcome, problems);

    [Theory]
    [InlineData("acquire=failed", "acquire", CycleOutcome.Failed, "no host for sync: no answer")]
    [InlineData(
        "collect=lost acquire=one,failed", "acquire sync collect acquire", CycleOutcome.Partial,
        LostInCollect, "no host for collect: no answer")]
    [InlineData(
        "sync=lost,lost,lost,lost,lost", "acquire sync acquire sync acquire sync acquire sync acquire sync",
        CycleOutcome.Failed, LostInSync, LostInSync, LostInSync, LostInSync, LostInSync,
        "5 hosts were lost before sync")]
    [InlineData("acquire=slow", "acquire", CycleOutcome.Failed, "the cycle's time ran out before sync")]
    [InlineData("sync=slow", "acquire sync", CycleOutcome.Partial, "the cycle's time ran out before collect")]
    [InlineData(
        "health=slow", "acquire sync collect health", CycleOutcome.Partial, "the cycle's time ran out before purge")]
    public Task Run_NoHostOrNoTime_EndsAndReportsOneReason(
        string script, string calls, CycleOutcome outcome, params string[] problems) =>
        AssertAsync(script, calls, outcome, problems);

    [Theory]
    [InlineData("start=paused", "", CycleOutcome.Failed, "sync did not end: paused: look first")]
    [InlineData("acquire=stopped", "acquire", CycleOutcome.Failed, "sync did not end: stopped by an operator")]
    [InlineData(
        "collect=paused", "acquire sync collect", CycleOutcome.Partial, "collect did not end: paused: look first")]
    [InlineData(
        "collect=pausedAfter", "acquire sync collect", CycleOutcome.Partial, "health did not end: paused: look first")]
    [InlineData(
        "health=cancelled", "acquire sync collect health", CycleOutcome.Partial,
        "health did not end: the collector was cancelled")]
    public Task Run_Stopped_BeginsNoOtherPhase(
        string script, string calls, CycleOutcome outcome, params string[] problems) =>
        AssertAsync(script, calls, outcome, problems);

    [Theory]
    [InlineData("", null, "host one took over")]
    [InlineData("", "one", null)]
    [InlineData("acquire=rebuilt", "one", "host one took over")]
    [InlineData("collect=lost acquire=one,two", "one", "host two took over")]
    [InlineData("health=suspect", "one", null)]
    [InlineData("sync=failed", null, null)]
    public async Task Run_NewHost_StartsAGracePeriod(string script, string? lastHost, string? why)
    {
        var collector = Collector(new() { LastHost = lastHost });
        var report = await RunAsync(collector, new(collector, script));

        Assert.Equal(why, report.Grace?.Why);
        Assert.Equal(why is null ? null : ScriptedSteps.Start, collector.State.Grace?.Since);
        Assert.Equal(script == "sync=failed" ? null : ScriptedSteps.Start, collector.State.SyncedAt);
    }

    [Fact]
    public async Task Run_HostIsHeld_AcquiresNone()
    {
        var collector = Collector(new() { Host = new("one", "queue-one", new()), LastHost = "one" });
        var steps = new ScriptedSteps(collector, "");
        var report = await RunAsync(collector, steps);

        Assert.Equal(["sync", "collect", "health", "purge"], steps.Calls);
        Assert.Equal(steps.Calls, steps.Shown);
        Assert.Equal("one", report.Host);
        Assert.Null(report.Grace);
    }

    [Fact]
    public async Task Run_HostLost_NextOneLearnsThePreviousAndPhasesMoveToItsQueue()
    {
        var collector = Collector(new());
        var steps = new ScriptedSteps(collector, "collect=lost acquire=one,two");
        var report = await RunAsync(collector, steps);

        Assert.Equal([null, "one"], steps.Acquired.Select(input => input.PreviousHost));
        Assert.Equal(
            ["queue-one", "queue-one", "queue-two", "queue-two", "queue-two", "queue-two"],
            steps.Phases.Select(phase => phase.Context.TaskQueue));
        Assert.Equal(["one: no sign of life"], steps.LostHosts);
        Assert.Equal(("two", "two"), (report.Host, collector.State.LastHost));
    }

    [Theory]
    [InlineData("failed failed failed", 3, true)]
    [InlineData("failed failed ok", 0, false)]
    [InlineData("failed failed ok failed failed", 2, false)]
    [InlineData("suspect suspect suspect", 0, false)]
    public async Task Run_ThreeFailedSyncsInARow_GiveUpTheHost(string syncs, int failed, bool isGivenUp)
    {
        var collector = Collector(new());
        CycleReport? report = null;
        foreach (var sync in syncs.Split(' '))
            report = await RunAsync(collector, new(collector, $"sync={sync}"));

        Assert.Equal(failed, collector.State.FailedSyncs);
        Assert.Equal(isGivenUp ? null : "one", collector.State.Host?.Host);
        Assert.Equal(isGivenUp ? "one" : null, collector.State.GivenUpHost);
        const string GivenUp = "host one failed 3 syncs in a row and is given up";
        Assert.Equal(isGivenUp, report!.Problems.Contains(GivenUp));
        Assert.Equal("one", report.Host);
    }

    [Theory]
    [InlineData("two")]
    [InlineData("ok")]
    public async Task Run_AfterAHostWasGivenUp_AcquiresAnotherOrTheSame(string next)
    {
        var collector = Collector(new());
        for (var cycle = 0; cycle < 3; cycle++)
            await RunAsync(collector, new(collector, "sync=failed health=failed purge=failed"));
        var steps = new ScriptedSteps(collector, $"acquire={next}");
        await RunAsync(collector, steps);

        var input = Assert.Single(steps.Acquired);
        Assert.Equal(("one", "one"), (input.AvoidHost, input.PreviousHost));
        Assert.Equal((next == "two" ? "two" : "one", 0), (collector.State.Host?.Host, collector.State.FailedSyncs));
        Assert.Null(collector.State.GivenUpHost);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Run_HostWithASharedDatabaseIsLost_NextAcquirePrefersOne(bool wasShared)
    {
        var host = new AcquireShardResult("one", "queue-one", new()) { SharedDatabase = wasShared };
        var collector = Collector(new() { Host = host, LastHost = "one", HasSharedHost = wasShared });
        var steps = new ScriptedSteps(collector, "collect=lost,lost acquire=two,three");
        await RunAsync(collector, steps);

        // The second host has a database of its own: one with nstance's may come back.
        Assert.Equal([wasShared, wasShared], steps.Acquired.Select(input => input.PreferShared));
    }

    [Theory]
    [InlineData(true, false, 61, true)]
    [InlineData(true, false, 59, false)]
    [InlineData(true, true, 61, false)]
    [InlineData(false, false, 61, false)]
    public async Task Run_HostWithoutNstancesDatabase_SearchesForOneWithItEveryHour(
        bool hasSharedHost, bool isShared, int minutes, bool looks)
    {
        var collector = Collector(new()
        {
            Host = new("one", "queue-one", new()) { SharedDatabase = isShared },
            LastHost = "one",
            HasSharedHost = hasSharedHost,
            AcquiredAt = ScriptedSteps.Start.AddMinutes(-minutes),
        });
        var steps = new ScriptedSteps(collector, "");
        var report = await RunAsync(collector, steps);

        Assert.Equal(looks ? "acquire" : "sync", steps.Calls[0]);
        Assert.Equal(
            looks ? ScriptedSteps.Start : ScriptedSteps.Start.AddMinutes(-minutes), collector.State.AcquiredAt);
        // The same host goes on without a grace period.
        Assert.Null(report.Grace);
    }

    [Theory]
    [InlineData("leaderless", 0)]
    [InlineData("leaderless leaderless leaderless", 0)]
    [InlineData("leaderless failed", null)]
    [InlineData("leaderless ok", null)]
    [InlineData("failed", null)]
    [InlineData("leaderless ok leaderless", 2)]
    public async Task Run_NoHostForWantOfALeader_SaysSinceWhen(string answers, int? sinceCycle)
    {
        var collector = Collector(new());
        CycleReport? report = null;
        var at = ScriptedSteps.Start;
        foreach (var answer in answers.Split(' '))
        {
            collector.LoseHost();
            var steps = new ScriptedSteps(collector, $"acquire={answer}", at);
            report = await new Cycle(collector, steps, dryRun: false, at).RunAsync();
            at = at.AddMinutes(2);
        }

        DateTimeOffset? since = sinceCycle is { } cycle ? ScriptedSteps.Start.AddMinutes(2 * cycle) : null;
        Assert.Equal(since, collector.State.NoLeaderSince);
        Assert.Equal(since, collector.Status(ended: false).NoLeaderSince);
        Assert.Equal(since is not null, report!.Problems.Contains("no host for sync: NoLeader: nobody leads"));
        Assert.Equal(
            since is not null,
            DetailsTable.Render(collector).Contains("nstance has had no leader since", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Run_ApprovedPlan_IsCarriedOutByCollectUnlessDry(bool dryRun)
    {
        var approval = new Approval(new('a', 64), "ann", "on purpose", ScriptedSteps.Start);
        var collector = Collector(new() { Approval = approval, PartialPauses = [new() { Sweep = Sweep.Orphan }] });
        collector.Settings = new()
        {
            Limits = new() { ShardFloor = 7 },
            Quarantine = TimeSpan.FromHours(1),
            QuietHours = [new("01:00", "02:00")],
        };
        var steps = new ScriptedSteps(collector, "");
        var report = await RunAsync(collector, steps, dryRun);

        Assert.Equal(dryRun ? null : approval, report.Approval);
        Assert.Equal(
            [null, report.Approval, report.Approval, null], steps.Phases.Select(phase => phase.Input.Approval));
        Assert.Equal([5, 7, 5, 5], steps.Phases.Select(phase => phase.Input.Limits.ShardFloor));
        Assert.Equal([null, TimeSpan.FromHours(1), null, null], steps.Phases.Select(phase => phase.Input.Quarantine));
        Assert.Equal([collector.Settings, null, null, null], steps.Phases.Select(phase => phase.Input.Settings));
        Assert.All(steps.Phases, phase =>
        {
            Assert.Equal((dryRun, ScriptedSteps.Start), (phase.Input.DryRun, phase.Input.AsOf));
            Assert.Equal(collector.Settings.QuietHours, phase.Input.QuietHours);
            Assert.Equal(collector.State.PartialPauses, phase.Input.PartialPauses);
            Assert.Equal(TimeSpan.FromMinutes(10), phase.Context.Remaining);
        });
    }

    /// <summary>An operator decided about plans between Collect and the health scan.</summary>
    [Theory]
    [InlineData("", 'a')]
    [InlineData("collect=rejected", null)]
    [InlineData("collect=reapproved", null)]
    public async Task Run_DecisionAfterCollect_HealthScanHasTheApprovalOnlyIfItStillHolds(string script, char? hash)
    {
        var approval = new Approval(new('a', 64), "ann", "on purpose", ScriptedSteps.Start);
        var collector = Collector(new() { Approval = approval });
        var steps = new ScriptedSteps(collector, script);

        await RunAsync(collector, steps);

        var health = steps.Phases.Single(phase => phase.Context.Phase == "health");
        Assert.Equal(hash, health.Input.Approval?.Hash[0]);
    }

    private static async Task AssertAsync(string script, string calls, CycleOutcome outcome, string[] problems)
    {
        var collector = Collector(new());
        var steps = new ScriptedSteps(collector, script);
        var report = await RunAsync(collector, steps);

        Assert.Equal(calls, string.Join(' ', steps.Calls));
        Assert.Equal(calls, string.Join(' ', steps.Shown));
        Assert.Equal(problems, report.Problems);
        Assert.Equal((outcome, steps.Now), (report.Outcome, report.EndedAt));
    }

    private static CollectorState Collector(GcState state) => new(new(Shard) { State = state });

    private static Task<CycleReport> RunAsync(CollectorState collector, ScriptedSteps steps, bool dryRun = false) =>
        new Cycle(collector, steps, dryRun, ScriptedSteps.Start).RunAsync();
}
