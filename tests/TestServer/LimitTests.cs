using Google.Protobuf;
using Nstance.Temporal.Tests.Support;
using Nstance.Temporal.TestServer.Hosting;
using Temporalio.Api.Command.V1;
using Temporalio.Api.Common.V1;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.WorkflowService.V1;
using Temporalio.Client;
using Temporalio.Exceptions;
using Temporalio.Worker;

namespace Nstance.Temporal.Tests.TestServer;

/// <summary>
/// What a run must not exceed, and what the server keeps of closed runs. On servers whose limits a test sets.
/// </summary>
public sealed class LimitTests
{
    private const string Queue = "queue";

    [Fact]
    public async Task History_TooManyEvents_RunIsTerminated()
    {
        await using var env = await StartAsync(new() { Limits = new() { HistoryCount = 40 } });
        var failed = await Assert.ThrowsAsync<WorkflowFailedException>(() => RunAsync(env, "long", 1, 100));
        Assert.Contains(
            "exceeds limit",
            Assert.IsType<TerminatedFailureException>(failed.InnerException).Message,
            StringComparison.Ordinal);
    }

    /// <summary>
    /// The server's word: what a worker answers in spite of the limit ends the run, for a repeated task would bring the
    /// same answer again.
    /// </summary>
    [Fact]
    public async Task Result_WorkerSendsTooMuch_RunIsTerminatedAndItsTaskNamesTheCause()
    {
        await using var env = await StartAsync(new() { Limits = new() { BlobSize = 4_096 } });
        var handle = await env.Client.StartWorkflowAsync(
            (GreedyWorkflow w) => w.RunAsync(8_192, 0), new("large", Queue));
        var service = env.Client.Connection.WorkflowService;
        var task = await service.PollWorkflowTaskQueueAsync(
            new() { Namespace = "default", TaskQueue = new() { Name = Queue } });
        var complete = new Command
        {
            CommandType = CommandType.CompleteWorkflowExecution,
            CompleteWorkflowExecutionCommandAttributes = new() { Result = Bytes(8_192) },
        };
        await ServerFixture.FaultAsync(
            RpcException.StatusCode.InvalidArgument,
            () => service.RespondWorkflowTaskCompletedAsync(
                new() { Namespace = "default", TaskToken = task.TaskToken, Commands = { complete } }));
        Assert.Equal(WorkflowExecutionStatus.Terminated, (await handle.DescribeAsync()).Status);
        Assert.Equal(
            WorkflowTaskFailedCause.BadCompleteWorkflowExecutionAttributes, Assert.Single(await FailuresAsync(handle)));
    }

    /// <summary>
    /// The SDK's: it learns the limit from the namespace, fails the task itself, and tries again for ever.
    /// The run stays open.
    /// </summary>
    [Fact]
    public async Task Result_TooLargeForTheNamespace_SdkFailsTheTaskAndRunStaysOpen()
    {
        await using var env = await StartAsync(new() { Limits = new() { BlobSize = 4_096 } });
        var handle = await env.Client.StartWorkflowAsync(
            (GreedyWorkflow w) => w.RunAsync(8_192, 0), new("large", Queue));
        using var worker = new TemporalWorker(
            env.Client, new TemporalWorkerOptions(Queue).AddWorkflow<GreedyWorkflow>());
        await worker.ExecuteAsync(async () =>
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            // A long poll that ends with the next event.
            await foreach (var e in handle.FetchHistoryEventsAsync(new()
            {
                WaitNewEvent = true,
                Rpc = new() { CancellationToken = patience.Token },
            }))
            {
                if (e.EventType == EventType.WorkflowTaskFailed)
                    break;
            }
            Assert.Equal(WorkflowExecutionStatus.Running, (await handle.DescribeAsync()).Status);
            await handle.TerminateAsync();
        });
        Assert.Equal(WorkflowTaskFailedCause.PayloadsTooLarge, (await FailuresAsync(handle))[0]);
    }

    [Fact]
    public async Task Start_InputAtAndOverTheRealLimit_TakenAndRefused()
    {
        await using var env = await StartAsync(new());
        var service = env.Client.Connection.WorkflowService;
        // The whole message counts: two tags, two lengths of four bytes.
        await service.StartWorkflowExecutionAsync(Request("fits", (2 << 20) - 10));
        await ServerFixture.FaultAsync(
            RpcException.StatusCode.InvalidArgument,
            () => service.StartWorkflowExecutionAsync(Request("exceeds", (2 << 20) + 1)));
    }

    [Fact]
    public async Task Start_IdOfAThousandCharacters_IsTaken()
    {
        await using var env = await StartAsync(new());
        var id = new string('x', 1_000);
        await env.Client.Connection.WorkflowService.StartWorkflowExecutionAsync(Request(id, 1));
        Assert.Equal(WorkflowExecutionStatus.Running, (await env.Client.GetWorkflowHandle(id).DescribeAsync()).Status);
    }

    [Fact]
    public async Task History_TooManyBytes_RunIsTerminated()
    {
        await using var env = await StartAsync(new() { Limits = new() { HistorySize = 20_000 } });
        var handle = await env.Client.StartWorkflowAsync((MailboxWorkflow w) => w.RunAsync(), new("box", Queue));
        for (var i = 0; i < 4; i++)
            await handle.SignalAsync(w => w.AddAsync(new('x', 6_000)));
        var ended = await handle.DescribeAsync();
        Assert.Equal(WorkflowExecutionStatus.Terminated, ended.Status);
        Assert.InRange(ended.HistoryLength, 5, 8);
    }

    [Fact]
    public async Task Signals_OverTheLimit_InvalidArgument()
    {
        await using var env = await StartAsync(new() { Limits = new() { Signals = 2 } });
        var handle = await env.Client.StartWorkflowAsync((MailboxWorkflow w) => w.RunAsync(), new("box", Queue));
        await handle.SignalAsync(w => w.AddAsync("a"));
        await handle.SignalAsync(w => w.AddAsync("b"));
        await ServerFixture.FaultAsync(
            RpcException.StatusCode.InvalidArgument, () => handle.SignalAsync(w => w.AddAsync("c")));
    }

    [Fact]
    public async Task ContinueAsNew_CountOfEventsReached_IsSuggested()
    {
        await using var env = await StartAsync(new() { Limits = new() { SuggestContinueAsNewCount = 10 } });
        Assert.Equal(1, (await RunAsync(env, "long", 1, 5)).Length);
        var started = (await env.Client.GetWorkflowHandle("long").FetchHistoryAsync()).Events
            .Where(e => e.EventType == EventType.WorkflowTaskStarted).ToList();
        Assert.False(started[0].WorkflowTaskStartedEventAttributes.SuggestContinueAsNew);
        Assert.True(started[^1].WorkflowTaskStartedEventAttributes.SuggestContinueAsNew);
    }

    [Fact]
    public async Task ClosedRuns_MoreThanAreKept_OldestAreForgottenOpenOnesStay()
    {
        await using var env = await StartAsync(new() { MaxClosedRuns = 5 });
        var open = await env.Client.StartWorkflowAsync((MailboxWorkflow w) => w.RunAsync(), new("open", Queue));
        for (var i = 0; i < 8; i++)
        {
            await env.Client.StartWorkflowAsync((MailboxWorkflow w) => w.RunAsync(), new($"closed-{i}", Queue));
            await env.Client.GetWorkflowHandle($"closed-{i}").TerminateAsync();
        }
        await ServerFixture.FaultAsync(
            RpcException.StatusCode.NotFound, () => env.Client.GetWorkflowHandle("closed-2").DescribeAsync());
        Assert.Equal(
            WorkflowExecutionStatus.Terminated,
            (await env.Client.GetWorkflowHandle("closed-3").DescribeAsync()).Status);
        Assert.Equal(WorkflowExecutionStatus.Running, (await open.DescribeAsync()).Status);
        Assert.Equal(6, (await env.Client.CountWorkflowsAsync("")).Count);
    }

    private static Task<EmbeddedWorkflowEnvironment> StartAsync(TemporalTestServerOptions options)
    {
        Assert.SkipWhen(TestEnvironments.Address != null, "the limits of the server of TEMPORAL_ADDRESS are its own");
        return EmbeddedWorkflowEnvironment.StartAsync(options, new() { Runtime = TestRuntime.Shared });
    }

    private static StartWorkflowExecutionRequest Request(string id, int bytes) => new()
    {
        Namespace = "default",
        WorkflowId = id,
        WorkflowType = new() { Name = "Any" },
        TaskQueue = new() { Name = Queue },
        RequestId = Guid.NewGuid().ToString(),
        Input = Bytes(bytes),
    };

    private static Payloads Bytes(int count) =>
        new() { Payloads_ = { new Payload { Data = ByteString.CopyFrom(new byte[count]) } } };

    private static async Task<List<WorkflowTaskFailedCause>> FailuresAsync(WorkflowHandle handle) =>
        [.. (await handle.FetchHistoryAsync()).Events
            .Select(e => e.WorkflowTaskFailedEventAttributes)
            .Where(failed => failed != null)
            .Select(failed => failed.Cause)];

    private static async Task<string> RunAsync(EmbeddedWorkflowEnvironment env, string id, int bytes, int markers)
    {
        using var worker = new TemporalWorker(
            env.Client, new TemporalWorkerOptions(Queue).AddWorkflow<GreedyWorkflow>());
        return await worker.ExecuteAsync(
            () => env.Client.ExecuteWorkflowAsync((GreedyWorkflow w) => w.RunAsync(bytes, markers), new(id, Queue)));
    }
}
