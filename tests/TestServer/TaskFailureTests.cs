using Nstance.Temporal.Tests.Support;
using Temporalio.Api.Command.V1;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.WorkflowService.V1;
using Temporalio.Client;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Tests.TestServer;

/// <summary>
/// Workflow tasks that fail: what the history shows of them, when they come back, and how an operator finds them.
/// </summary>
public sealed class TaskFailureTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private const string Problems = "TemporalReportedProblems";

    private readonly string _id = "task-failure-" + Guid.NewGuid();

    private WorkflowService Service => server.Client.Connection.WorkflowService;

    [Fact]
    public async Task UpdateTask_HandlerThrows_HistoryNamesTheFault()
    {
        using var worker = server.Worker(_id, options => options.AddWorkflow<BrokenHandlersWorkflow>());
        await worker.ExecuteAsync(async () =>
        {
            var handle =
                await server.Client.StartWorkflowAsync((BrokenHandlersWorkflow w) => w.RunAsync(), new(_id, _id));
            await FirstTaskAsync(handle);
            var update = handle.StartUpdateAsync(w => w.ThrowAsync(), new(WorkflowUpdateStage.Accepted));
            var events = await TestEnvironments.EventuallyAsync(
                async () => (await handle.FetchHistoryAsync()).Events.ToList(),
                found => found.Exists(e => e.EventType == EventType.WorkflowTaskFailed));
            var failed = events.FindIndex(e => e.EventType == EventType.WorkflowTaskFailed);
            Assert.Contains(
                "the handler is broken",
                events[failed].WorkflowTaskFailedEventAttributes.Failure.Message,
                StringComparison.Ordinal);
            Assert.Equal(
                [EventType.WorkflowTaskScheduled, EventType.WorkflowTaskStarted],
                events.Take(failed).TakeLast(2).Select(e => e.EventType));
            await handle.TerminateAsync();
            await Assert.ThrowsAnyAsync<Exception>(() => update);
        });
    }

    [Fact]
    public async Task UpdateTask_NoWorkerTakesIt_HistoryShowsTheTaskThatWaits()
    {
        var handle = await server.Client.StartWorkflowAsync((MailboxWorkflow w) => w.RunAsync(), new(_id, _id));
        var first = await PollAsync();
        await Service.RespondWorkflowTaskCompletedAsync(new() { Namespace = "default", TaskToken = first.TaskToken });
        var update = handle.ExecuteUpdateAsync(w => w.PutAsync("a"));
        var request = new GetWorkflowExecutionHistoryRequest
        {
            Namespace = "default",
            Execution = new() { WorkflowId = _id },
            WaitNewEvent = true,
        };
        var types = new List<EventType>();
        while (types.Count(type => type == EventType.WorkflowTaskScheduled) < 3)
        {
            var page = await Service.GetWorkflowExecutionHistoryAsync(request);
            types.AddRange(page.History.Events.Select(e => e.EventType));
            request.NextPageToken = page.NextPageToken;
        }
        Assert.Equal(
            [EventType.WorkflowTaskScheduled, EventType.WorkflowTaskTimedOut, EventType.WorkflowTaskScheduled],
            types.TakeLast(3));
        using var worker = server.Worker(_id);
        Assert.Equal(1, await worker.ExecuteAsync(() => update));
        await handle.TerminateAsync();
    }

    [Fact]
    public async Task Completion_BadCommandTwice_ComesBackOnlyWithTheTimeout()
    {
        var timeout = TimeSpan.FromSeconds(1);
        var handle = await server.Client.StartWorkflowAsync(
            (MailboxWorkflow w) => w.RunAsync(), new(_id, _id) { TaskTimeout = timeout });
        Assert.Equal(1, (await AnswerBadlyAsync()).Attempt);
        var second = await AnswerBadlyAsync();
        Assert.Equal(2, second.Attempt);
        var third = await PollAsync();
        Assert.Equal(3, third.Attempt);
        Assert.InRange(
            third.ScheduledTime.ToDateTimeOffset() - second.StartedTime.ToDateTimeOffset(),
            timeout * 0.9,
            timeout * 30);
        var failed =
            Assert.Single((await handle.FetchHistoryAsync()).Events, e => e.EventType == EventType.WorkflowTaskFailed);
        Assert.Equal(
            WorkflowTaskFailedCause.BadScheduleActivityAttributes, failed.WorkflowTaskFailedEventAttributes.Cause);
        await handle.TerminateAsync();
    }

    [Fact]
    public async Task ReportedProblems_FiveFailuresInARow_SetUntilATaskSucceeds()
    {
        var handle = await server.Client.StartWorkflowAsync((GreetingWorkflow w) => w.RunAsync("you"), new(_id, _id));
        for (var attempt = 1; attempt <= 5; attempt++)
        {
            Assert.DoesNotContain(Problems, (await DescribeAsync()).Keys);
            await Service.RespondWorkflowTaskFailedAsync(new()
            {
                Namespace = "default",
                TaskToken = (await PollAsync()).TaskToken,
                Cause = WorkflowTaskFailedCause.WorkflowWorkerUnhandledFailure,
            });
        }
        Assert.Equal(
            """["category=WorkflowTaskFailed","cause=WorkflowTaskFailedCauseWorkflowWorkerUnhandledFailure"]""",
            (await DescribeAsync())[Problems].Data.ToStringUtf8());
        using var worker = server.Worker(_id);
        Assert.Equal("Hello, you", await worker.ExecuteAsync(() => handle.GetResultAsync()));
        Assert.DoesNotContain(Problems, (await DescribeAsync()).Keys);
    }

    private async Task<IDictionary<string, Temporalio.Api.Common.V1.Payload>> DescribeAsync() =>
        (await Service.DescribeWorkflowExecutionAsync(
            new() { Namespace = "default", Execution = new() { WorkflowId = _id } }))
        .WorkflowExecutionInfo.SearchAttributes?.IndexedFields ?? [];

    private static Task<List<EventType>> FirstTaskAsync(WorkflowHandle handle) => TestEnvironments.EventuallyAsync(
        async () => (await handle.FetchHistoryAsync()).Events.Select(e => e.EventType).ToList(),
        types => types.Contains(EventType.WorkflowTaskCompleted));

    private Task<PollWorkflowTaskQueueResponse> PollAsync() =>
        Service.PollWorkflowTaskQueueAsync(new() { Namespace = "default", TaskQueue = new() { Name = _id } });

    /// <summary>Takes a task and answers it with an activity that has no type.</summary>
    private async Task<PollWorkflowTaskQueueResponse> AnswerBadlyAsync()
    {
        var task = await PollAsync();
        var bad = new Command
        {
            CommandType = CommandType.ScheduleActivityTask,
            ScheduleActivityTaskCommandAttributes = new() { ActivityId = "1" },
        };
        await ServerFixture.FaultAsync(
            RpcException.StatusCode.InvalidArgument,
            () => Service.RespondWorkflowTaskCompletedAsync(
                new() { Namespace = "default", TaskToken = task.TaskToken, Commands = { bad } }));
        return task;
    }
}
