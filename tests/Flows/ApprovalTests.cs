using Nstance.Temporal.Activities.KeepAlive;
using Nstance.Temporal.Tests.Support;
using Nstance.Temporal.Workflows;
using Temporalio.Client;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Tests.Flows;

/// <summary>Plans, modes and partial pauses, as operators set them.</summary>
public sealed class ApprovalTests(TemporalServerFixture server) : IClassFixture<TemporalServerFixture>
{
    private static readonly CollectPlan Plan = new(new string('a', 64), new(2100, 1, 1, 0, 0, 0, TimeSpan.Zero), 30)
    {
        Exceeded = ["Dangling: too many"],
    };

    private static readonly PlanDecision Fine = new(Plan.Id, "ann", "emptied on purpose");

    [Fact]
    public async Task RunCycle_NewShard_IsDryUntilEnforced()
    {
        await using var stage = await Stage.SetAsync(server.Environment);
        var collector = await stage.StartAsync(new());
        Assert.True((await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)))).DryRun);

        var status = await collector.ExecuteUpdateAsync(w => w.SetModeAsync(new(false, "ann")));
        Assert.Equal((false, "ann"), (status.DryRun, status.Mode!.By));
        Assert.False((await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)))).DryRun);

        await collector.ExecuteUpdateAsync(w => w.SetModeAsync(new(true, "bob")));
        Assert.True((await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)))).DryRun);
    }

    [Fact]
    public async Task Approve_PendingPlan_RunsACycleThatMayCarryItOut()
    {
        await using var stage = await Stage.SetAsync(server.Environment);
        CollectCounts held = new() { Reason = CollectReason.Dangling, OverLimit = 30 };
        stage.Gc.Collects = _ => new() { Plan = Plan, Counts = [held] };
        var collector = await stage.StartAsync();
        var report = await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)));
        Assert.Equal(CycleOutcome.Completed, report.Outcome);
        Assert.Equal(Plan.Hash, (await collector.QueryAsync(w => w.Status())).Pending!.Hash);
        // The attribute is set between two cycles.
        await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)));
        Assert.True((await collector.DescribeAsync()).TypedSearchAttributes.Get(Names.PendingAttribute));

        var carriedOut = new TaskCompletionSource<PhaseInput>(TaskCreationOptions.RunContinuationsAsynchronously);
        stage.Gc.Collects = input =>
        {
            carriedOut.TrySetResult(input);
            return new() { Approved = 30, ApprovalDone = true };
        };
        var status = await collector.ExecuteUpdateAsync(w => w.ApproveAsync(Fine));
        Assert.Equal("ann", status.Approval!.By);
        var input = await carriedOut.Task.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        Assert.Equal((Plan.Hash, "ann"), (input.Approval!.Hash, input.Approval.By));

        await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)));
        Assert.Null(stage.Gc.Collected.Last().Approval);
        await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)));
        Assert.False((await collector.DescribeAsync()).TypedSearchAttributes.Get(Names.PendingAttribute));
    }

    [Theory]
    [InlineData("bbbbbbbbbbbb", "ann", "why")]
    [InlineData("", "ann", "why")]
    [InlineData("aaaaaaaaaaaa", " ", "why")]
    [InlineData("aaaaaaaaaaaa", "ann", "")]
    public async Task Approve_AnythingButThePendingPlan_IsRefused(string plan, string by, string comment)
    {
        await using var stage = await Stage.SetAsync(server.Environment);
        stage.Gc.Collects = _ => new() { Plan = Plan };
        var collector = await stage.StartAsync();
        await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)));

        await Assert.ThrowsAsync<WorkflowUpdateFailedException>(
            () => collector.ExecuteUpdateAsync(w => w.ApproveAsync(new(plan, by, comment))));
        await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)));
        Assert.All(stage.Gc.Collected, input => Assert.Null(input.Approval));
    }

    [Fact]
    public async Task Approve_AfterItsHour_HasNoEffect()
    {
        server.RequireTimeSkipping();
        await using var stage = await Stage.SetAsync(server.Environment);
        stage.Gc.Collects = _ => new() { Plan = Plan };
        var collector = await stage.StartAsync(new() { DryRun = false, Interval = TimeSpan.FromMinutes(30) });
        await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)));
        await collector.ExecuteUpdateAsync(w => w.ApproveAsync(Fine));
        await stage.PassAsync(TimeSpan.FromMinutes(125));

        Assert.Null((await collector.QueryAsync(w => w.Status())).Approval);
        Assert.Null(stage.Gc.Collected.Last().Approval);
    }

    [Fact]
    public async Task Pause_OfAPart_TravelsWithEveryCycleUntilResumed()
    {
        await using var stage = await Stage.SetAsync(server.Environment);
        var collector = await stage.StartAsync();
        await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)));
        var slow = new PauseRequest("slow images") { Group = "acme/web", Sweep = Sweep.Dangling };
        await collector.ExecuteUpdateAsync(w => w.PauseAsync(slow));
        await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)));
        var hold = Assert.Single(stage.Gc.Collected.Last().PartialPauses!);
        Assert.Equal(("acme/web", Sweep.Dangling, "slow images"), (hold.Group, hold.Sweep, hold.Reason));

        await collector.ExecuteUpdateAsync(w => w.ResumeAsync(new() { Group = "acme/web", Sweep = Sweep.Dangling }));
        await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)));
        Assert.Null(stage.Gc.Collected.Last().PartialPauses);
    }

    [Fact]
    public async Task Pause_OfAnInvalidGroup_IsRefused()
    {
        await using var stage = await Stage.SetAsync(server.Environment);
        var collector = await stage.StartAsync();
        await Assert.ThrowsAsync<WorkflowUpdateFailedException>(
            () => collector.ExecuteUpdateAsync(w => w.PauseAsync(new("why") { Group = "web" })));
    }

    [Fact]
    public async Task Grace_FirstLook_IsOnAndThenOver()
    {
        server.RequireTimeSkipping();
        await using var stage = await Stage.SetAsync(server.Environment);
        var collector = await stage.StartAsync();
        var first = await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)));
        Assert.Contains("took over", first.Grace!.Why, StringComparison.Ordinal);
        await stage.PassAsync(TimeSpan.FromMinutes(9));

        Assert.Null((await collector.QueryAsync(w => w.Status())).LastReport!.Grace);
        Assert.NotNull(stage.Gc.Collected.Last().Grace);
    }

    [Fact]
    public async Task KeepAlive_CollectorWasTerminatedWhilePaused_ComesBackPaused()
    {
        await using var stage = await Stage.SetAsync(server.Environment);
        var collector = await stage.StartAsync();
        await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)));
        await collector.ExecuteUpdateAsync(w => w.SetModeAsync(new(true, "ann")));
        await collector.ExecuteUpdateAsync(w => w.PauseAsync(new("freeze") { By = "ann" }));
        await collector.TerminateAsync("somebody's mistake");

        var input = stage.Input();
        await stage.Client.ExecuteWorkflowAsync(
            (KeepAliveWorkflow w) => w.RunAsync(input),
            new(Names.KeepAliveWorkflowId(stage.Shard.Cluster, stage.Shard.Shard), Names.TaskQueue));

        var status = await stage.Collector.QueryAsync(w => w.Status());
        Assert.Equal((CollectorActivity.Paused, "freeze", true), (status.State, status.Pause!.Reason, status.DryRun));
        Assert.True(status.Totals.Cycles > 0);
        Assert.Null(status.Host);
    }

    /// <summary>Otherwise <c>enforce</c> would carry out an approval of before the dry-run.</summary>
    [Fact]
    public async Task Configure_ToDryRun_WithdrawsPlanAndApproval()
    {
        await using var stage = await Stage.SetAsync(server.Environment);
        stage.Gc.Collects = _ => new() { Plan = Plan };
        var collector = await stage.StartAsync();
        await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)));
        Assert.NotNull((await collector.QueryAsync(w => w.Status())).Pending);
        var settings = stage.Input().Settings with { DryRun = true };

        var status = await collector.ExecuteUpdateAsync(w => w.ConfigureAsync(settings));

        Assert.Equal((true, null, null), (status.DryRun, status.Pending, status.Approval));
    }

    /// <summary>The Web UI's Configure changes the collector alone. Its schedule still enforces.</summary>
    [Fact]
    public async Task KeepAlive_CollectorInDryRunByConfigureWasTerminated_ComesBackInDryRun()
    {
        await using var stage = await Stage.SetAsync(server.Environment);
        var collector = await stage.StartAsync();
        var settings = stage.Input().Settings;
        var dryRun = settings with { DryRun = true };
        await collector.ExecuteUpdateAsync(w => w.ConfigureAsync(dryRun));
        await collector.TerminateAsync("somebody's mistake");

        var input = stage.Input() with { Settings = settings with { DryRun = false } };
        await stage.Client.ExecuteWorkflowAsync(
            (KeepAliveWorkflow w) => w.RunAsync(input),
            new(Names.KeepAliveWorkflowId(stage.Shard.Cluster, stage.Shard.Shard), Names.TaskQueue));

        var status = await stage.Collector.QueryAsync(w => w.Status());
        Assert.Equal((true, "keep-alive"), (status.DryRun, status.Mode?.By));
    }

    [Fact]
    public async Task KeepAlive_APlanWaitedInTheLastCollector_TheNextOneDropsAndDeletesIt()
    {
        await using var stage = await Stage.SetAsync(server.Environment);
        var pause = new PauseState("reading the plan", DateTimeOffset.UtcNow);
        var input = stage.Input() with { State = new() { Pending = Plan, Pause = pause } };
        await CollectorStart.EnsureRunsAsync(stage.Client, input);
        await stage.Collector.QueryAsync(w => w.Status());
        await stage.Collector.TerminateAsync("somebody's mistake");

        await stage.Client.ExecuteWorkflowAsync(
            (KeepAliveWorkflow w) => w.RunAsync(stage.Input()),
            new(Names.KeepAliveWorkflowId(stage.Shard.Cluster, stage.Shard.Shard), Names.TaskQueue));

        var state = (await stage.Collector.QueryAsync(w => w.Export())).State!;
        Assert.Null(state.Pending);
        Assert.Equal([Plan.Hash], state.EndedPlans);
    }
}
