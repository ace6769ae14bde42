using Nstance.Temporal.Tests.Support;
using Nstance.Temporal.Workflows;
using Temporalio.Client;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Tests.Flows;

/// <summary>Updates at every moment of a collector's life.</summary>
public sealed class SteeringTests(TemporalServerFixture server) : IClassFixture<TemporalServerFixture>
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task SetMode_SearchAttribute_SaysWhichModeHolds()
    {
        await using var stage = await Stage.SetAsync(server.Environment);
        var collector = await stage.StartAsync(new() { Interval = TimeSpan.FromHours(1), DryRun = false });
        await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)));
        Assert.Equal("Enforce", await ModeAsync());
        await collector.ExecuteUpdateAsync(w => w.SetModeAsync(new(true, "ann")));
        await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)));
        Assert.Equal("DryRun", await ModeAsync());

        async Task<string> ModeAsync() =>
            (await collector.DescribeAsync()).TypedSearchAttributes.Get(Names.ModeAttribute);
    }

    [Fact]
    public async Task Pause_WithUntil_GoesOnByItself()
    {
        server.RequireTimeSkipping();
        await using var stage = await Stage.SetAsync(server.Environment);
        var collector = await stage.StartAsync();
        await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)));
        var until = new DateTimeOffset(await server.Environment.GetCurrentTimeAsync(), TimeSpan.Zero) + (60 * Minute);
        var paused = await collector.ExecuteUpdateAsync(w => w.PauseAsync(new("move") { Until = until, By = "ann" }));
        Assert.Equal((CollectorActivity.Paused, until), (paused.State, paused.NextCycleAt));

        await stage.PassAsync(59 * Minute);
        var during = await collector.QueryAsync(w => w.Status());
        Assert.Equal((CollectorActivity.Paused, paused.Cycle), (during.State, during.Cycle));

        await stage.PassAsync(3 * Minute);
        var after = await collector.QueryAsync(w => w.Status());
        Assert.Null(after.Pause);
        Assert.True(after.Cycle > paused.Cycle);
        Assert.True(after.LastReport!.StartedAt >= until);
    }

    [Fact]
    public async Task Pause_UntilIsPast_IsRefused()
    {
        await using var stage = await Stage.SetAsync(server.Environment);
        var collector = await stage.StartAsync();
        await Assert.ThrowsAsync<WorkflowUpdateFailedException>(() => collector.ExecuteUpdateAsync(
            w => w.PauseAsync(new("move") { Until = DateTimeOffset.UnixEpoch })));
        Assert.Null((await collector.QueryAsync(w => w.Status())).Pause);
    }

    [Fact]
    public async Task Pause_InTheMiddleOfAPhase_CancelsItAndBeginsNoOther()
    {
        await using var stage = await Stage.SetAsync(server.Environment);
        var gate = stage.Gc.Gate = new("collect");
        var collector = await stage.StartAsync();
        await collector.StartUpdateAsync(w => w.RunCycleAsync(new(false)), new(WorkflowUpdateStage.Accepted));
        await gate.Arrived.WaitAsync(Minute, TestContext.Current.CancellationToken);
        await collector.ExecuteUpdateAsync(w => w.PauseAsync(new("stop it")));

        var paused = await StatusAsync(collector, status => status.State == CollectorActivity.Paused);
        Assert.Equal(["acquire", "sync", "collect"], stage.Gc.Calls);
        Assert.Equal(CycleOutcome.Partial, paused.LastReport!.Outcome);
        Assert.Contains(paused.LastReport.Problems, problem => problem.Contains("stop it", StringComparison.Ordinal));

        stage.Gc.Gate = null;
        await collector.ExecuteUpdateAsync(w => w.ResumeAsync(new()));
        var report = await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)));
        Assert.Equal(CycleOutcome.Completed, report.Outcome);
    }

    [Fact]
    public async Task RunCycle_DryRun_HoldsForThatCycleAlone()
    {
        await using var stage = await Stage.SetAsync(server.Environment);
        var collector = await stage.StartAsync();
        var report = await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(true)));
        Assert.True(report.DryRun);
        Assert.Contains(stage.Gc.Collected, input => input.DryRun);
        Assert.False((await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)))).DryRun);
        Assert.False(stage.Gc.Collected.Last().DryRun);
    }

    [Fact]
    public async Task RunCycle_AskedAgainAndAgainOverManyRuns_IsAnsweredEachTime()
    {
        await using var stage = await Stage.SetAsync(server.Environment);
        var collector = await stage.StartAsync(
            new() { DryRun = false, CyclesPerRun = 3, Interval = TimeSpan.FromHours(1) });

        var (cycles, runs) = (new List<int>(), new HashSet<string>());
        for (var n = 0; n < 40; n++)
        {
            cycles.Add((await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)))).Cycle);
            runs.Add((await collector.DescribeAsync()).RunId);
        }

        Assert.Equal(cycles.Order(), cycles);
        Assert.Equal(40, cycles.Distinct().Count());
        Assert.InRange(runs.Count, 10, 20); // a run is renewed also when somebody asks without a pause
    }

    [Fact]
    public async Task RunCycle_DuringACycle_WaitsForTheNextAndSharesIt()
    {
        await using var stage = await Stage.SetAsync(server.Environment);
        var gate = stage.Gc.Gate = new("collect");
        var collector = await stage.StartAsync();
        await collector.StartUpdateAsync(w => w.RunCycleAsync(new(false)), new(WorkflowUpdateStage.Accepted));
        await gate.Arrived.WaitAsync(Minute, TestContext.Current.CancellationToken);
        var first = await collector.StartUpdateAsync(
            w => w.RunCycleAsync(new(false)), new(WorkflowUpdateStage.Accepted));
        var second = await collector.StartUpdateAsync(
            w => w.RunCycleAsync(new(false)), new(WorkflowUpdateStage.Accepted));
        stage.Gc.Gate = null;
        gate.Open();
        Assert.Equal((2, 2), ((await first.GetResultAsync()).Cycle, (await second.GetResultAsync()).Cycle));
    }

    [Fact]
    public async Task Configure_DuringACycle_HoldsFromTheNextOn()
    {
        await using var stage = await Stage.SetAsync(server.Environment);
        var gate = stage.Gc.Gate = new("sync");
        var collector = await stage.StartAsync();
        await collector.StartUpdateAsync(w => w.RunCycleAsync(new(false)), new(WorkflowUpdateStage.Accepted));
        await gate.Arrived.WaitAsync(Minute, TestContext.Current.CancellationToken);
        var settings = stage.Input().Settings with
        {
            Interval = TimeSpan.FromHours(1),
            Limits = new() { ShardFloor = 9 },
        };
        await collector.ExecuteUpdateAsync(w => w.ConfigureAsync(settings));
        stage.Gc.Gate = null;
        gate.Open();
        await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)));
        Assert.Equal([5, 9], stage.Gc.Collected.Select(input => input.Limits.ShardFloor));
        Assert.Equal(settings, (await collector.QueryAsync(w => w.Status())).Settings);
    }

    [Fact]
    public async Task Configure_BadSettings_IsRefusedWithAllFaults()
    {
        await using var stage = await Stage.SetAsync(server.Environment);
        var collector = await stage.StartAsync();
        var refused = await Assert.ThrowsAsync<WorkflowUpdateFailedException>(() => collector.ExecuteUpdateAsync(
            w => w.ConfigureAsync(new() { CyclesPerRun = 0, CycleTimeout = TimeSpan.Zero })));
        Assert.Contains("CyclesPerRun", refused.InnerException!.Message, StringComparison.Ordinal);
        Assert.Contains("CycleTimeout", refused.InnerException.Message, StringComparison.Ordinal);
        Assert.Equal(100, (await collector.QueryAsync(w => w.Status())).Settings.CyclesPerRun);
    }

    [Fact]
    public async Task Cancel_InTheMiddleOfAPhase_EndsCancelledAfterThePhaseStopped()
    {
        await using var stage = await Stage.SetAsync(server.Environment);
        var gate = stage.Gc.Gate = new("collect");
        var collector = await stage.StartAsync();
        await collector.StartUpdateAsync(w => w.RunCycleAsync(new(false)), new(WorkflowUpdateStage.Accepted));
        await gate.Arrived.WaitAsync(Minute, TestContext.Current.CancellationToken);
        await collector.CancelAsync();
        var failure = await Assert.ThrowsAsync<WorkflowFailedException>(() => collector.GetResultAsync());
        Assert.IsType<CanceledFailureException>(failure.InnerException);
        Assert.Equal("collect", stage.Gc.Calls.Last());
        Assert.Equal(CollectorActivity.Off, (await collector.QueryAsync(w => w.Status())).State);
    }

    private static async Task<GcStatus> StatusAsync(WorkflowHandle<GcWorkflow> collector, Predicate<GcStatus> wanted)
    {
        using var deadline = new CancellationTokenSource(Minute);
        while (true)
        {
            var status = await collector.QueryAsync(w => w.Status());
            if (wanted(status)) return status;
            deadline.Token.ThrowIfCancellationRequested();
        }
    }
}
