using Temporalio.Api.Command.V1;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.WorkflowService.V1;
using Temporalio.Client;
using Temporalio.Converters;
using Temporalio.Worker;

namespace Nstance.Temporal.Tests.TestServer;

/// <summary>Runs that follow each other under one id.</summary>
public sealed class ChainTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private readonly string _id = "chain-" + Guid.NewGuid();

    private WorkflowService Service => server.Client.Connection.WorkflowService;

    [Fact]
    public async Task Cron_ThreeTicks_EachRunGetsTheLastResult()
    {
        Assert.SkipUnless(server.Skips, "three minutes are too long in real time");
        using var worker = Worker();
        await worker.ExecuteAsync(async () =>
        {
            await server.Client.StartWorkflowAsync(
                (TickingWorkflow w) => w.RunAsync(), new(_id, _id) { CronSchedule = "* * * * *" });
            await server.Own.DelayAsync(TimeSpan.FromMinutes(3) + TimeSpan.FromSeconds(5));
            var results = new List<int>();
            var completed = $"WorkflowId = '{_id}' AND ExecutionStatus = 'Completed'";
            await foreach (var run in server.Client.ListWorkflowsAsync(completed))
            {
                var last = (await server.Client.GetWorkflowHandle(_id, run.RunId).FetchHistoryAsync()).Events.Last();
                var result = last.WorkflowExecutionCompletedEventAttributes.Result.Payloads_[0];
                results.Add(int.Parse(result.Data.ToStringUtf8()));
            }
            Assert.Equal([1, 2, 3], results.Order().Take(3));
            await server.Client.GetWorkflowHandle(_id).TerminateAsync();
        });
    }

    [Fact]
    public async Task Update_InFlightOverContinueAsNew_NextRunAnswers()
    {
        var handle = await server.Client.StartWorkflowAsync((RelayWorkflow w) => w.RunAsync(1), new(_id, _id));
        var update = handle.ExecuteUpdateAsync(w => w.WhichAsync());
        // A worker that took the update with its task and continues as new without a word about it.
        var task = await PollAsync();
        while (task.Messages.Count == 0)
        {
            await Service.RespondWorkflowTaskFailedAsync(new() { Namespace = "default", TaskToken = task.TaskToken });
            task = await PollAsync();
        }
        await Service.RespondWorkflowTaskCompletedAsync(new()
        {
            Namespace = "default",
            TaskToken = task.TaskToken,
            Commands =
            {
                new Command
                {
                    CommandType = CommandType.ContinueAsNewWorkflowExecution,
                    ContinueAsNewWorkflowExecutionCommandAttributes = new()
                    {
                        WorkflowType = task.WorkflowType,
                        TaskQueue = new() { Name = _id },
                        Input = new() { Payloads_ = { DataConverter.Default.PayloadConverter.ToPayload(2) } },
                    },
                },
            },
        });
        using var worker = Worker();
        Assert.Equal(2, await worker.ExecuteAsync(() => update));
        await server.Client.GetWorkflowHandle(_id).TerminateAsync();
    }

    [Fact]
    public async Task ContinueAsNew_AtOnce_NextRunIsHeldBackASecond()
    {
        using var worker = Worker();
        await worker.ExecuteAsync(async () =>
        {
            var handle = await server.Client.StartWorkflowAsync(
                (CountingWorkflow w) => w.RunAsync(1, 0), new(_id, _id));
            Assert.Equal(1, await handle.GetResultAsync());
            var events = (await server.Client.GetWorkflowHandle(_id, handle.ResultRunId).FetchHistoryAsync()).Events;
            var continued = events.Last().WorkflowExecutionContinuedAsNewEventAttributes;
            Assert.Null(continued.BackoffStartInterval); // as the workflow asked for none
            var next = await server.Client.GetWorkflowHandle(_id, continued.NewExecutionRunId).FetchHistoryAsync();
            var started = next.Events.First().WorkflowExecutionStartedEventAttributes;
            var backoff = started.FirstWorkflowTaskBackoff.ToTimeSpan();
            Assert.InRange(backoff, TimeSpan.FromTicks(1), TimeSpan.FromSeconds(1));
        });
    }

    [Fact]
    public async Task ContinueAsNew_RunHadASummary_NextRunHasNone()
    {
        using var worker = Worker();
        await worker.ExecuteAsync(async () =>
        {
            var handle = await server.Client.StartWorkflowAsync(
                (CountingWorkflow w) => w.RunAsync(1, 0), new(_id, _id) { StaticSummary = "of the first run" });
            Assert.Equal(1, await handle.GetResultAsync());
            Assert.Equal("of the first run", await (await Run(handle.ResultRunId!)).GetStaticSummaryAsync());
            Assert.Null(await (await server.Client.GetWorkflowHandle(_id).DescribeAsync()).GetStaticSummaryAsync());
        });

        Task<WorkflowExecutionDescription> Run(string id) => server.Client.GetWorkflowHandle(_id, id).DescribeAsync();
    }

    [Fact]
    public async Task Cron_EverySecond_EachRunWaitsForWholeSeconds()
    {
        using var worker = Worker();
        await worker.ExecuteAsync(async () =>
        {
            var handle = await server.Client.StartWorkflowAsync(
                (TickingWorkflow w) => w.RunAsync(), new(_id, _id) { CronSchedule = "@every 1s" });
            var id = handle.ResultRunId!;
            for (var run = 1; run <= 3; run++)
            {
                var request = new GetWorkflowExecutionHistoryRequest
                {
                    Namespace = "default",
                    Execution = new() { WorkflowId = _id, RunId = id },
                    WaitNewEvent = true,
                    HistoryEventFilterType = HistoryEventFilterType.CloseEvent,
                };
                var last = await server.ResultAsync(() => Service.GetWorkflowExecutionHistoryAsync(request));
                id = last.History.Events.Single().WorkflowExecutionCompletedEventAttributes.NewExecutionRunId;
                var next = (await server.Client.GetWorkflowHandle(_id, id).FetchHistoryAsync()).Events.First();
                var wait = next.WorkflowExecutionStartedEventAttributes.FirstWorkflowTaskBackoff.ToTimeSpan();
                Assert.Equal(TimeSpan.FromSeconds(1), wait);
            }
            await server.Client.GetWorkflowHandle(_id).TerminateAsync();
        });
    }

    private Task<PollWorkflowTaskQueueResponse> PollAsync() =>
        Service.PollWorkflowTaskQueueAsync(new() { Namespace = "default", TaskQueue = new() { Name = _id } });

    private TemporalWorker Worker() => server.Worker(
        _id,
        options => options.AddWorkflow<TickingWorkflow>().AddWorkflow<RelayWorkflow>().AddWorkflow<CountingWorkflow>());
}
