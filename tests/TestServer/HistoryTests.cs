using Google.Protobuf;
using Nstance.Temporal.Tests.Support;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.WorkflowService.V1;
using Temporalio.Client;

namespace Nstance.Temporal.Tests.TestServer;

public sealed class HistoryTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private readonly string _id = "history-" + Guid.NewGuid();

    private WorkflowService Service => server.Client.Connection.WorkflowService;

    [Fact]
    public async Task Forward_PagesOfTwo_EveryEventOnceInOrder()
    {
        await GreetAsync();
        var ids = new List<long>();
        var pages = 0;
        var request = new GetWorkflowExecutionHistoryRequest
        {
            Namespace = "default",
            Execution = new() { WorkflowId = _id },
            MaximumPageSize = 2,
        };
        do
        {
            // The real server does not tear apart what was written at once: a page may be longer.
            var page = await Service.GetWorkflowExecutionHistoryAsync(request);
            pages++;
            ids.AddRange(page.History.Events.Select(e => e.EventId));
            request.NextPageToken = page.NextPageToken;
        }
        while (!request.NextPageToken.IsEmpty);
        Assert.Equal(Enumerable.Range(1, ids.Count).Select(i => (long)i), ids);
        Assert.True(ids.Count > 6);
        Assert.InRange(pages, 3, ids.Count);
    }

    [Fact]
    public async Task Reverse_PagesOfThree_EveryEventOnceLastFirst()
    {
        await GreetAsync();
        var ids = new List<long>();
        var request = new GetWorkflowExecutionHistoryReverseRequest
        {
            Namespace = "default",
            Execution = new() { WorkflowId = _id },
            MaximumPageSize = 3,
        };
        do
        {
            var page = await Service.GetWorkflowExecutionHistoryReverseAsync(request);
            ids.AddRange(page.History.Events.Select(e => e.EventId));
            request.NextPageToken = page.NextPageToken;
        }
        while (!request.NextPageToken.IsEmpty);
        Assert.Equal(Enumerable.Range(1, ids.Count).Select(i => (long)i).Reverse(), ids);
    }

    [Fact]
    public async Task LongPoll_NewEvent_EndsTheWait()
    {
        var handle = await server.Client.StartWorkflowAsync((MailboxWorkflow w) => w.RunAsync(), new(_id, _id));
        var request = new GetWorkflowExecutionHistoryRequest
        {
            Namespace = "default",
            Execution = new() { WorkflowId = _id },
            WaitNewEvent = true,
        };
        var seen = 0;
        var page = await Service.GetWorkflowExecutionHistoryAsync(request);
        seen += page.History.Events.Count;
        request.NextPageToken = page.NextPageToken;
        Assert.NotEqual(ByteString.Empty, request.NextPageToken);
        var next = Service.GetWorkflowExecutionHistoryAsync(request);
        await handle.SignalAsync(w => w.AddAsync("a"));
        Assert.Contains((await next).History.Events, e => e.EventId > seen);
        await handle.TerminateAsync();
    }

    [Fact]
    public async Task CloseEventFilter_RunCloses_OnlyTheLastEvent()
    {
        var handle = await server.Client.StartWorkflowAsync((MailboxWorkflow w) => w.RunAsync(), new(_id, _id));
        var wait = Service.GetWorkflowExecutionHistoryAsync(new()
        {
            Namespace = "default",
            Execution = new() { WorkflowId = _id },
            WaitNewEvent = true,
            HistoryEventFilterType = HistoryEventFilterType.CloseEvent,
        });
        await handle.SignalAsync(w => w.AddAsync("a"));
        await handle.TerminateAsync("enough");
        var last = Assert.Single((await wait).History.Events);
        Assert.Equal("enough", last.WorkflowExecutionTerminatedEventAttributes.Reason);
    }

    [Fact]
    public async Task FailingTask_ManyAttempts_HistoryDoesNotGrow()
    {
        var handle = await server.Client.StartWorkflowAsync(
            (GreetingWorkflow w) => w.RunAsync("you"), new(_id, _id) { TaskTimeout = TimeSpan.FromSeconds(10) });
        for (var attempt = 1; attempt <= 5; attempt++)
        {
            var task = await PollAsync();
            Assert.Equal(attempt, task.Attempt);
            await FailAsync(task);
        }
        Assert.Equal(
            [
                EventType.WorkflowExecutionStarted,
                EventType.WorkflowTaskScheduled,
                EventType.WorkflowTaskStarted,
                EventType.WorkflowTaskFailed,
            ],
            (await handle.FetchHistoryAsync()).Events.Select(e => e.EventType).Take(4));
        Assert.DoesNotContain(
            (await handle.FetchHistoryAsync()).Events.Skip(4), e => e.EventType == EventType.WorkflowTaskFailed);
        using var worker = server.Worker(_id);
        Assert.Equal("Hello, you", await worker.ExecuteAsync(() => handle.GetResultAsync()));
    }

    /// <summary>
    /// A worker that lost the run replays up to its task; without these events the SDKs' history ends too early.
    /// </summary>
    [Fact]
    public async Task SecondAttempt_Started_ShownThoughNotWritten()
    {
        var version = Version.Parse((await Service.GetSystemInfoAsync(new())).ServerVersion.Split('-')[0]);
        Assert.SkipWhen(
            TestEnvironments.Address != null && version < new Version(1, 31), "servers before 1.31 do not show it");
        var handle = await server.Client.StartWorkflowAsync((MailboxWorkflow w) => w.RunAsync(), new(_id, _id));
        var first = await PollAsync();
        await FailAsync(first);
        var second = await PollAsync();
        var events = (await handle.FetchHistoryAsync()).Events;
        Assert.Equal(second.History.Events.Select(e => e.EventId), events.Select(e => e.EventId));
        Assert.Equal(second.StartedEventId, events.Last().EventId);
        await handle.TerminateAsync();
        Assert.Equal(
            [EventType.WorkflowTaskFailed, EventType.WorkflowExecutionTerminated],
            (await handle.FetchHistoryAsync()).Events.TakeLast(2).Select(e => e.EventType));
    }

    private Task<PollWorkflowTaskQueueResponse> PollAsync() =>
        Service.PollWorkflowTaskQueueAsync(new() { Namespace = "default", TaskQueue = new() { Name = _id } });

    private async Task FailAsync(PollWorkflowTaskQueueResponse task) =>
        await Service.RespondWorkflowTaskFailedAsync(new()
        {
            Namespace = "default",
            TaskToken = task.TaskToken,
            Cause = WorkflowTaskFailedCause.WorkflowWorkerUnhandledFailure,
        });

    private async Task GreetAsync()
    {
        using var worker = server.Worker(_id);
        await worker.ExecuteAsync(
            () => server.Client.ExecuteWorkflowAsync((GreetingWorkflow w) => w.RunAsync("you"), new(_id, _id)));
    }
}
