using Nstance.Temporal.Tests.Support;
using Nstance.Temporal.TestServer.Hosting;
using Temporalio.Api.Enums.V1;
using Temporalio.Client;
using Temporalio.Exceptions;
using Temporalio.Worker;

namespace Nstance.Temporal.Tests.TestServer;

/// <summary>What a run must not exceed, and what the server keeps of closed runs. On servers whose limits a test sets.</summary>
public sealed class LimitTests
{
    private const string Queue = "queue";

    [Fact]
    public async Task History_TooManyEvents_RunIsTerminated()
    {
        await using var env = await StartAsync(new() { Limits = new() { HistoryCount = 40 } });
        var failed = await Assert.ThrowsAsync<WorkflowFailedException>(() => RunAsync(env, "long", 1, 100));
        Assert.Contains("exceeds limit", Assert.IsType<TerminatedFailureException>(failed.InnerException).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Result_TooLarge_RunIsTerminatedAndItsTaskNamesTheCause()
    {
        await using var env = await StartAsync(new() { Limits = new() { BlobSize = 4_096 } });
        await Assert.ThrowsAsync<WorkflowFailedException>(() => RunAsync(env, "large", 8_192, 0));
        var events = (await env.Client.GetWorkflowHandle("large").FetchHistoryAsync()).Events;
        Assert.Contains(
            events,
            e => e.WorkflowTaskFailedEventAttributes?.Cause == WorkflowTaskFailedCause.BadCompleteWorkflowExecutionAttributes);
    }

    [Fact]
    public async Task Signals_OverTheLimit_InvalidArgument()
    {
        await using var env = await StartAsync(new() { Limits = new() { Signals = 2 } });
        var handle = await env.Client.StartWorkflowAsync((MailboxWorkflow w) => w.RunAsync(), new("box", Queue));
        await handle.SignalAsync(w => w.AddAsync("a"));
        await handle.SignalAsync(w => w.AddAsync("b"));
        await ServerFixture.FaultAsync(RpcException.StatusCode.InvalidArgument, () => handle.SignalAsync(w => w.AddAsync("c")));
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
        await ServerFixture.FaultAsync(RpcException.StatusCode.NotFound, () => env.Client.GetWorkflowHandle("closed-2").DescribeAsync());
        Assert.Equal(WorkflowExecutionStatus.Terminated, (await env.Client.GetWorkflowHandle("closed-3").DescribeAsync()).Status);
        Assert.Equal(WorkflowExecutionStatus.Running, (await open.DescribeAsync()).Status);
        Assert.Equal(6, (await env.Client.CountWorkflowsAsync("")).Count);
    }

    private static Task<EmbeddedWorkflowEnvironment> StartAsync(TemporalTestServerOptions options)
    {
        Assert.SkipWhen(TestEnvironments.Address != null, "the limits of the server of TEMPORAL_ADDRESS are its own");
        return EmbeddedWorkflowEnvironment.StartAsync(options, new() { Runtime = TestRuntime.Shared });
    }

    private static async Task<string> RunAsync(EmbeddedWorkflowEnvironment env, string id, int bytes, int markers)
    {
        using var worker = new TemporalWorker(env.Client, new TemporalWorkerOptions(Queue).AddWorkflow<GreedyWorkflow>());
        return await worker.ExecuteAsync(
            () => env.Client.ExecuteWorkflowAsync((GreedyWorkflow w) => w.RunAsync(bytes, markers), new(id, Queue)));
    }
}
