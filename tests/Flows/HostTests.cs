using Nstance.Temporal.Activities.KeepAlive;
using Nstance.Temporal.Tests.Support;
using Nstance.Temporal.Workflows;
using Temporalio.Client;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Tests.Flows;

/// <summary>Hosts that disappear, and collectors that end or start twice.</summary>
public sealed class HostTests(TemporalServerFixture server) : IClassFixture<TemporalServerFixture>
{
    [Fact]
    public async Task RunCycle_HostStoppedPolling_ContinuesOnAnotherThatKnowsThePrevious()
    {
        server.RequireTimeSkipping();
        await using var stage = await Stage.SetAsync(server.Environment);
        var collector = await stage.StartAsync();
        await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)));
        await stage.LeaveAsync(stage.First);
        stage.Gc.Host = stage.Second;
        stage.Arrive(stage.Second);
        stage.Gc.Calls.Clear();

        var update = await collector.StartUpdateAsync(
            w => w.RunCycleAsync(new(false)), new(WorkflowUpdateStage.Accepted));
        await stage.PassAsync(TimeSpan.FromSeconds(50));
        var report = await update.GetResultAsync();

        Assert.Equal((CycleOutcome.Completed, stage.Second), (report.Outcome, report.Host));
        Assert.Contains(report.Problems, problem => problem.Contains(stage.First, StringComparison.Ordinal));
        Assert.Equal([null, stage.First], stage.Gc.Acquired.Select(input => input.PreviousHost));
        Assert.Equal(["acquire", "sync", "collect", "health", "purge"], stage.Gc.Calls.Take(5));
    }

    [Fact]
    public async Task RunCycle_HostLostTheShardWhileCollecting_SyncsElsewhereAndGoesOnWithCollect()
    {
        await using var stage = await Stage.SetAsync(server.Environment);
        stage.Arrive(stage.Second);
        var lost = false;
        stage.Gc.Fault = call =>
        {
            if (call != "collect" || lost) return null;
            lost = true;
            stage.Gc.Host = stage.Second;
            return new ApplicationFailureException("not mine", ErrorTypes.ShardNotHeld);
        };
        var collector = await stage.StartAsync();
        await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)));
        Assert.Equal(
            ["acquire", "sync", "collect", "acquire", "sync", "collect", "health", "purge"], stage.Gc.Calls.Take(8));
        Assert.Equal([null, stage.First], stage.Gc.Acquired.Select(input => input.PreviousHost));
    }

    [Fact]
    public async Task RunCycle_ThreeSyncsFailed_NextCycleAcquiresAnotherHost()
    {
        await using var stage = await Stage.SetAsync(server.Environment);
        stage.Arrive(stage.Second);
        stage.Gc.Fault = call => call == "sync" && stage.Gc.Host == stage.First
            ? new ApplicationFailureException("EC2 does not answer", ErrorTypes.Denied)
            : null;
        var collector = await stage.StartAsync();
        var reports = new List<CycleReport>();
        while (reports.Count == 0 || reports[^1].Cycle < 3)
            reports.Add(await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false))));
        stage.Gc.Host = stage.Second;
        var next = await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)));

        Assert.Contains($"host {stage.First} failed 3 syncs in a row and is given up", reports[^1].Problems);
        Assert.Equal((CycleOutcome.Completed, stage.Second), (next.Outcome, next.Host));
        Assert.Equal([null, stage.First], stage.Gc.Acquired.Select(input => input.AvoidHost));
    }

    [Fact]
    public async Task EnsureRuns_Twice_FindsTheSameCollector()
    {
        await using var stage = await Stage.SetAsync(server.Environment);
        var input = stage.Input();
        var runs = await Task.WhenAll(
            CollectorStart.EnsureRunsAsync(stage.Client, input), CollectorStart.EnsureRunsAsync(stage.Client, input));
        Assert.Equal(runs[0], runs[1]);
        var query = $"WorkflowId = '{stage.Collector.Id}'";
        var found = await TestEnvironments.EventuallyAsync(
            () => stage.Client.CountWorkflowsAsync(query), count => count.Count > 0);
        Assert.Equal(1, found.Count);
    }

    [Fact]
    public async Task KeepAlive_CollectorWasTerminated_StartsItAgainAndLeavesARunningOneAlone()
    {
        await using var stage = await Stage.SetAsync(server.Environment);
        await stage.StartAsync();
        var first = (await stage.Collector.DescribeAsync()).RunId;
        Assert.Equal(first, await KeepAliveAsync(stage));

        await stage.Collector.TerminateAsync("by mistake");
        var second = await KeepAliveAsync(stage);
        Assert.NotEqual(first, second);
        Assert.Equal(second, await KeepAliveAsync(stage));
        Assert.NotNull(await stage.Collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false))));
    }

    private static Task<string> KeepAliveAsync(Stage stage)
    {
        var input = stage.Input();
        return stage.Client.ExecuteWorkflowAsync(
            (KeepAliveWorkflow w) => w.RunAsync(input),
            new(Names.KeepAliveWorkflowId(stage.Shard.Cluster, stage.Shard.Shard), Names.TaskQueue));
    }
}
