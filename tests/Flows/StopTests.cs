using Nstance.Temporal.Tests.Support;
using Nstance.Temporal.Workflows;
using Temporalio.Client;

namespace Nstance.Temporal.Tests.Flows;

/// <summary>What stops a running cycle beside a pause, and what a requested dry-run leaves as it is.</summary>
public sealed class StopTests(TemporalServerFixture server) : IClassFixture<TemporalServerFixture>
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    /// <summary>No cycle begins by itself.</summary>
    private static readonly GcSettings Hourly = new() { DryRun = false, Interval = TimeSpan.FromHours(1) };

    private static readonly CollectPlan Plan = new(new string('a', 64), new(2100, 1, 1, 0, 0, 0, TimeSpan.Zero), 30)
    {
        Exceeded = ["Dangling: too many"],
    };

    private static readonly PlanDecision Fine = new(Plan.Id, "ann", "emptied on purpose");
    private static readonly PlanDecision Mistaken = new(Plan.Id, "ann", "it was not empty");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Reject_ApprovedPlanWhileCollectRuns_StopsTheCycle()
    {
        await using var stage = await Stage.SetAsync(server.Environment);
        var collector = await WithPlanAsync(stage);
        var gate = stage.Gc.Gate = new("collect");
        await collector.ExecuteUpdateAsync(w => w.ApproveAsync(Fine));
        await gate.Arrived.WaitAsync(Minute, Token);
        Assert.Equal(Plan.Hash, stage.Gc.Collected.Last().Approval?.Hash);

        await collector.ExecuteUpdateAsync(w => w.RejectAsync(Mistaken));

        await AssertStoppedAsync(stage, collector);
        Assert.Null((await collector.QueryAsync(w => w.Status())).Approval);
    }

    [Fact]
    public async Task Reject_PendingPlanWhileCollectRuns_LetsTheCycleGoOn()
    {
        await using var stage = await Stage.SetAsync(server.Environment);
        var collector = await WithPlanAsync(stage);
        var gate = stage.Gc.Gate = new("collect");
        var cycle = await collector.StartUpdateAsync(
            w => w.RunCycleAsync(new(false)), new(WorkflowUpdateStage.Accepted));
        await gate.Arrived.WaitAsync(Minute, Token);

        await collector.ExecuteUpdateAsync(w => w.RejectAsync(Mistaken));
        gate.Open();

        Assert.Equal(CycleOutcome.Completed, (await cycle.GetResultAsync()).Outcome);
    }

    [Fact]
    public async Task Configure_ToDryRunWhileCollectRuns_StopsTheCycle()
    {
        await using var stage = await Stage.SetAsync(server.Environment);
        var gate = stage.Gc.Gate = new("collect");
        var collector = await stage.StartAsync(Hourly);
        await collector.StartUpdateAsync(w => w.RunCycleAsync(new(false)), new(WorkflowUpdateStage.Accepted));
        await gate.Arrived.WaitAsync(Minute, Token);

        var dryRun = Hourly with { DryRun = true };
        await collector.ExecuteUpdateAsync(w => w.ConfigureAsync(dryRun));

        await AssertStoppedAsync(stage, collector);
    }

    /// <summary>The approval of an hour would expire before the next cycle of the interval.</summary>
    [Fact]
    public async Task Approve_WhileADryRunIsRequested_StillRunsACycleThatMayCarryItOut()
    {
        await using var stage = await Stage.SetAsync(server.Environment);
        var collector = await WithPlanAsync(stage);
        var gate = stage.Gc.Gate = new("collect");
        var carriedOut = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        stage.Gc.Collects = input =>
        {
            if (input.Approval is not null) carriedOut.TrySetResult();
            return new() { ApprovalDone = input.Approval is not null };
        };
        await collector.StartUpdateAsync(w => w.RunCycleAsync(new(false)), new(WorkflowUpdateStage.Accepted));
        await gate.Arrived.WaitAsync(Minute, Token);
        var dry = await collector.StartUpdateAsync(
            w => w.RunCycleAsync(new(true)), new(WorkflowUpdateStage.Accepted));
        await collector.ExecuteUpdateAsync(w => w.ApproveAsync(Fine));

        stage.Gc.Gate = null;
        gate.Open();

        Assert.True((await dry.GetResultAsync()).DryRun);
        await carriedOut.Task.WaitAsync(Minute, Token);
    }

    [Fact]
    public async Task RunCycle_DryRunEachMinute_EnforcingCyclesKeepTheirInterval()
    {
        server.RequireTimeSkipping();
        await using var stage = await Stage.SetAsync(server.Environment);
        var collector = await stage.StartAsync(new() { DryRun = false, Interval = 2 * Minute });
        for (var minute = 0; minute < 60; minute++)
        {
            await stage.PassAsync(Minute);
            await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(true)));
        }

        Assert.Equal(60, stage.Gc.Collected.Count(input => input.DryRun));
        Assert.InRange(stage.Gc.Collected.Count(input => !input.DryRun), 25, 31);
    }

    /// <summary>If each cycle takes as long as the interval, one is always due. The request must be answered.</summary>
    [Fact]
    public async Task RunCycle_DryRunWhileCyclesTakeLongerThanTheInterval_IsAnsweredAfterOneOfThem()
    {
        server.RequireTimeSkipping();
        await using var stage = await Stage.SetAsync(server.Environment);
        var interval = TimeSpan.FromSeconds(20);
        stage.Gc.During = call => call == "collect" ? stage.PassAsync(interval) : Task.CompletedTask;
        var gate = stage.Gc.Gate = new("collect");
        var collector = await stage.StartAsync(new() { DryRun = false, Interval = interval });
        await collector.StartUpdateAsync(w => w.RunCycleAsync(new(false)), new(WorkflowUpdateStage.Accepted));
        await gate.Arrived.WaitAsync(Minute, Token);
        var dry = await collector.StartUpdateAsync(
            w => w.RunCycleAsync(new(true)), new(WorkflowUpdateStage.Accepted));

        gate.Open();

        Assert.True((await dry.GetResultAsync().WaitAsync(Minute, Token)).DryRun);
        Assert.InRange(stage.Gc.Collected.Count(input => !input.DryRun), 1, 2);
    }

    private static async Task<WorkflowHandle<GcWorkflow>> WithPlanAsync(Stage stage)
    {
        stage.Gc.Collects = _ => new() { Plan = Plan };
        var collector = await stage.StartAsync(Hourly);
        await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)));
        stage.Gc.Calls.Clear();
        return collector;
    }

    private static async Task AssertStoppedAsync(Stage stage, WorkflowHandle<GcWorkflow> collector)
    {
        using var deadline = new CancellationTokenSource(Minute);
        var status = await collector.QueryAsync(w => w.Status());
        while (status.State == CollectorActivity.Running)
        {
            deadline.Token.ThrowIfCancellationRequested();
            status = await collector.QueryAsync(w => w.Status());
        }

        Assert.Equal("collect", stage.Gc.Calls.Last());
        Assert.Equal(CycleOutcome.Partial, status.LastReport!.Outcome);
        Assert.Contains("collect did not end: stopped by an operator", status.LastReport.Problems);
    }
}
