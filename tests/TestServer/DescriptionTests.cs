using Nstance.Temporal.Tests.Support;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.Workflow.V1;
using Temporalio.Api.WorkflowService.V1;
using Temporalio.Client;

namespace Nstance.Temporal.Tests.TestServer;

/// <summary>Descriptions of runs, activities and queues.</summary>
public sealed class DescriptionTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private readonly string _id = "described-" + Guid.NewGuid();

    private WorkflowService Service => server.Client.Connection.WorkflowService;

    [Fact]
    public async Task Run_TopLevel_IsItsOwnRootAndRunTimeoutIsTheExecutions()
    {
        var handle = await server.Client.StartWorkflowAsync(
            (MailboxWorkflow w) => w.RunAsync(), new(_id, _id) { ExecutionTimeout = TimeSpan.FromHours(1) });
        var described = await DescribeAsync();
        Assert.Equal(handle.ResultRunId, described.WorkflowExecutionInfo.RootExecution.RunId);
        Assert.Equal(_id, described.WorkflowExecutionInfo.RootExecution.WorkflowId);
        Assert.Equal(TimeSpan.FromHours(1), described.ExecutionConfig.WorkflowRunTimeout.ToTimeSpan());
        await handle.TerminateAsync();
    }

    [Fact]
    public async Task Activity_InBackoff_ShowsOptionsAndWhenItComesNext()
    {
        using var worker = server.Worker(_id, options => options.AddWorkflow<StuckActivityWorkflow>());
        await worker.ExecuteAsync(async () =>
        {
            var handle =
                await server.Client.StartWorkflowAsync((StuckActivityWorkflow w) => w.RunAsync(), new(_id, _id));
            var pending = await TestEnvironments.EventuallyAsync(
                PendingAsync, found => found is { NextAttemptScheduleTime: not null });
            Assert.Equal(PendingActivityState.Scheduled, pending!.State);
            Assert.Equal(2, pending.Attempt);
            Assert.Null(pending.LastStartedTime);
            Assert.Equal(pending.NextAttemptScheduleTime, pending.ScheduledTime);
            Assert.InRange(
                pending.CurrentRetryInterval.ToTimeSpan(),
                StuckActivityWorkflow.Interval,
                StuckActivityWorkflow.Interval + TimeSpan.FromSeconds(1));
            Assert.Equal(_id, pending.ActivityOptions.TaskQueue.Name);
            Assert.Equal(TimeSpan.FromMinutes(2), pending.ActivityOptions.StartToCloseTimeout.ToTimeSpan());
            Assert.Equal(
                StuckActivityWorkflow.Interval, pending.ActivityOptions.RetryPolicy.InitialInterval.ToTimeSpan());
            await handle.TerminateAsync();
        });
    }

    [Fact]
    public async Task TaskQueue_Enhanced_PollersOfBothTypes()
    {
        using var worker = server.Worker(_id, options => options.Identity = _id + "-me");
        await worker.ExecuteAsync(async () =>
        {
            var described = await TestEnvironments.EventuallyAsync(
                () => Service.DescribeTaskQueueAsync(new()
                {
                    Namespace = "default",
                    TaskQueue = new() { Name = _id },
                    ApiMode = DescribeTaskQueueMode.Enhanced,
                    ReportPollers = true,
                    ReportStats = true,
                    TaskQueueTypes = { TaskQueueType.Workflow, TaskQueueType.Activity },
                }),
                answer => answer.VersionsInfo.TryGetValue("", out var info)
                    && info.TypesInfo.Values.Count(each => each.Pollers.Count > 0) == 2);
            Assert.All(
                described.VersionsInfo[""].TypesInfo.Values,
                each => Assert.Contains(each.Pollers, poller => poller.Identity == _id + "-me"));
            Assert.Empty(described.Pollers);
        });
    }

    private Task<DescribeWorkflowExecutionResponse> DescribeAsync() => Service.DescribeWorkflowExecutionAsync(
        new() { Namespace = "default", Execution = new() { WorkflowId = _id } });

    private async Task<PendingActivityInfo?> PendingAsync() =>
        (await DescribeAsync()).PendingActivities.SingleOrDefault();
}
