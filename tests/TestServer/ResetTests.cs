using Nstance.Temporal.Tests.Support;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.History.V1;
using Temporalio.Api.WorkflowService.V1;
using Temporalio.Client;
using Temporalio.Exceptions;
using Temporalio.Worker;

namespace Nstance.Temporal.Tests.TestServer;

/// <summary>Runs that an operator resets to an earlier point.</summary>
public sealed class ResetTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private readonly string _id = "reset-" + Guid.NewGuid();

    private WorkflowService Service => server.Client.Connection.WorkflowService;

    [Fact]
    public Task Reset_ToFirstTask_SignalsAndUpdatesAreRepeated() => WithWorkerAsync(async () =>
    {
        var handle = await server.Client.StartWorkflowAsync((MailboxWorkflow w) => w.RunAsync(), new(_id, _id));
        await FirstTaskAsync(handle);
        await handle.SignalAsync(w => w.AddAsync("a"));
        Assert.Equal(2, await handle.ExecuteUpdateAsync(w => w.PutAsync("b")));
        var runId = await ResetAsync(handle, await FirstTaskAsync(handle));
        var reset = server.Client.GetWorkflowHandle<MailboxWorkflow, List<string>>(_id, runId);
        await TestEnvironments.EventuallyAsync(() => reset.QueryAsync(w => w.Count()), count => count == 2);
        await reset.ExecuteUpdateAsync(w => w.FinishAsync());
        Assert.Equal(["a", "b"], await reset.GetResultAsync());

        var events = (await reset.FetchHistoryAsync()).Events.ToList();
        var failed = events.Find(e => e.EventType == EventType.WorkflowTaskFailed)!.WorkflowTaskFailedEventAttributes;
        Assert.Equal(WorkflowTaskFailedCause.ResetWorkflow, failed.Cause);
        Assert.Equal(handle.ResultRunId, failed.BaseRunId);
        Assert.Equal(runId, failed.NewRunId);
        Assert.Contains(events, e => e.EventType == EventType.WorkflowExecutionUpdateAdmitted);
        var old = await DescribeAsync(handle.ResultRunId!);
        Assert.Equal(WorkflowExecutionStatus.Terminated, old.WorkflowExecutionInfo.Status);
        Assert.Equal(runId, old.WorkflowExtendedInfo.ResetRunId);
        await new WorkflowReplayer(new WorkflowReplayerOptions().AddWorkflow<MailboxWorkflow>())
            .ReplayWorkflowAsync(await reset.FetchHistoryAsync());
    });

    [Fact]
    public Task Reset_SignalsExcluded_AreNotRepeated() => WithWorkerAsync(async () =>
    {
        var handle = await server.Client.StartWorkflowAsync((MailboxWorkflow w) => w.RunAsync(), new(_id, _id));
        await FirstTaskAsync(handle);
        await handle.SignalAsync(w => w.AddAsync("a"));
        Assert.Equal(2, await handle.ExecuteUpdateAsync(w => w.PutAsync("b")));
        var runId = await ResetAsync(
            handle, await FirstTaskAsync(handle), ResetReapplyExcludeType.Signal, ResetReapplyExcludeType.Update);
        var reset = server.Client.GetWorkflowHandle<MailboxWorkflow, List<string>>(_id, runId);
        Assert.Equal(1, await reset.ExecuteUpdateAsync(w => w.PutAsync("c")));
        await reset.TerminateAsync();
    });

    [Fact]
    public Task Reset_CompletedRun_ActivityAndTimerComeAgain() => WithWorkerAsync(async () =>
    {
        var handle = await server.Client.StartWorkflowAsync((WindingWorkflow w) => w.RunAsync(), new(_id, _id));
        Assert.Equal("1 Hello, again", await handle.GetResultAsync());
        var runId = await ResetAsync(handle, await FirstTaskAsync(handle));
        var reset = server.Client.GetWorkflowHandle<WindingWorkflow, string>(_id, runId);
        Assert.Equal("1 Hello, again", await server.ResultAsync(() => reset.GetResultAsync()));
        var second = await ResetAsync(reset, (await reset.FetchHistoryAsync()).Events
            .Last(e => e.EventType == EventType.WorkflowTaskCompleted).EventId);
        Assert.Equal(
            "1 Hello, again",
            await server.Client.GetWorkflowHandle<WindingWorkflow, string>(_id, second).GetResultAsync());
    });

    [Fact]
    public Task Reset_ParentOfAnOpenChild_LearnsHowTheChildEnds() => WithWorkerAsync(async () =>
    {
        var child = server.Client.GetWorkflowHandle<MailboxWorkflow, List<string>>(_id + "-child");
        var handle =
            await server.Client.StartWorkflowAsync((RivalParentWorkflow w) => w.RunAsync(child.Id), new(_id, _id));
        await TestEnvironments.EventuallyAsync(() => child.ExecuteUpdateAsync(w => w.PutAsync("x")));
        var last = await TestEnvironments.EventuallyAsync(
            async () => (await handle.FetchHistoryAsync()).Events.Last(),
            e => e.EventType == EventType.WorkflowTaskCompleted);
        var runId = await ResetAsync(handle, last.EventId);
        Assert.Equal(WorkflowExecutionStatus.Running, (await child.DescribeAsync()).Status);
        await child.ExecuteUpdateAsync(w => w.FinishAsync());
        Assert.Equal(
            "started", await server.Client.GetWorkflowHandle<RivalParentWorkflow, string>(_id, runId).GetResultAsync());
    });

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(99)]
    public async Task Reset_NoTaskWaitsThere_InvalidArgument(long eventId)
    {
        var handle = await server.Client.StartWorkflowAsync((MailboxWorkflow w) => w.RunAsync(), new(_id, _id));
        await ServerFixture.FaultAsync(RpcException.StatusCode.InvalidArgument, () => ResetAsync(handle, eventId));
        Assert.Equal(WorkflowExecutionStatus.Running, (await handle.DescribeAsync()).Status);
        await handle.TerminateAsync();
    }

    [Fact]
    public async Task AutoResetPoints_TwoBuilds_FirstTaskOfEach()
    {
        var handle = await server.Client.StartWorkflowAsync((MailboxWorkflow w) => w.RunAsync(), new(_id, _id));
        foreach (var build in new[] { "one", "two" })
        {
            using var worker =
                server.Worker(_id, options => options.DeploymentOptions = new(new("test", build), false));
            await worker.ExecuteAsync(() => handle.ExecuteUpdateAsync(w => w.PutAsync(build)));
        }
        var points = (await DescribeAsync(handle.ResultRunId!)).WorkflowExecutionInfo.AutoResetPoints.Points;
        Assert.Equal(["one", "two"], points.Select(each => each.BuildId));
        var events = (await handle.FetchHistoryAsync()).Events.ToList();
        Assert.All(points, each =>
        {
            Assert.True(each.Resettable);
            Assert.Equal(handle.ResultRunId, each.RunId);
            Assert.Equal(EventType.WorkflowTaskCompleted, events[(int)each.FirstWorkflowTaskCompletedId - 1].EventType);
        });
        await handle.TerminateAsync();
    }

    private async Task WithWorkerAsync(Func<Task> test)
    {
        using var worker = server.Worker(
            _id, options => options.AddWorkflow<WindingWorkflow>().AddWorkflow<RivalParentWorkflow>());
        await worker.ExecuteAsync(test);
    }

    private static async Task<long> FirstTaskAsync(WorkflowHandle handle)
    {
        var events = await TestEnvironments.EventuallyAsync(
            async () => (await handle.FetchHistoryAsync()).Events.ToList(), found => Completed(found) != null);
        return Completed(events)!.EventId;

        static HistoryEvent? Completed(List<HistoryEvent> events) =>
            events.Find(e => e.EventType == EventType.WorkflowTaskCompleted);
    }

    private Task<DescribeWorkflowExecutionResponse> DescribeAsync(string runId) =>
        Service.DescribeWorkflowExecutionAsync(
            new() { Namespace = "default", Execution = new() { WorkflowId = _id, RunId = runId } });

    private async Task<string> ResetAsync(
        WorkflowHandle handle, long eventId, params ResetReapplyExcludeType[] excluded) =>
        (await Service.ResetWorkflowExecutionAsync(new()
        {
            Namespace = "default",
            WorkflowExecution = new() { WorkflowId = _id, RunId = handle.ResultRunId ?? handle.RunId },
            WorkflowTaskFinishEventId = eventId,
            Reason = "test",
            RequestId = Guid.NewGuid().ToString(),
            ResetReapplyExcludeTypes = { excluded },
        })).RunId;
}
