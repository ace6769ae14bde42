using Temporalio.Api.Enums.V1;
using Temporalio.Client;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Tests.TestServer;

/// <summary>
/// How runs continue and end (retry, timeouts, delay, cancel, terminate, delete), and how the server describes them.
/// </summary>
public sealed class LifecycleTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private readonly string _id = "life-" + Guid.NewGuid();

    [Fact]
    public async Task Retry_FailsTwice_ThirdRunOfTheChainAnswers()
    {
        using var worker = server.Worker(_id, options => options.AddWorkflow<StumblingWorkflow>());
        var options = new WorkflowOptions(_id, _id)
        {
            RetryPolicy = new() { InitialInterval = TimeSpan.FromMilliseconds(50), MaximumAttempts = 5 },
        };
        var handle = await server.Client.StartWorkflowAsync((StumblingWorkflow w) => w.RunAsync(2), options);
        Assert.Equal(3, await worker.ExecuteAsync(() => handle.GetResultAsync()));
        var last = await server.Client.GetWorkflowHandle(_id).DescribeAsync();
        Assert.NotEqual(handle.ResultRunId, last.RunId);
        Assert.Equal(3, (await server.Client.GetWorkflowHandle(_id).FetchHistoryAsync()).Events.First()
            .WorkflowExecutionStartedEventAttributes.Attempt);
    }

    [Fact]
    public async Task Retry_AttemptsUsedUp_Fails()
    {
        using var worker = server.Worker(_id, options => options.AddWorkflow<StumblingWorkflow>());
        var options = new WorkflowOptions(_id, _id)
        {
            RetryPolicy = new() { InitialInterval = TimeSpan.FromMilliseconds(50), MaximumAttempts = 2 },
        };
        var failed = await Assert.ThrowsAsync<WorkflowFailedException>(() => worker.ExecuteAsync(
            () => server.Client.ExecuteWorkflowAsync((StumblingWorkflow w) => w.RunAsync(9), options)));
        Assert.Equal("stumbled", failed.InnerException!.Message);
    }

    [Fact]
    public async Task RunTimeout_WorkflowWaits_TimedOut()
    {
        var handle = await server.Client.StartWorkflowAsync(
            (MailboxWorkflow w) => w.RunAsync(), new(_id, _id) { RunTimeout = TimeSpan.FromSeconds(1) });
        using var worker = server.Worker(_id);
        var failed = await Assert.ThrowsAsync<WorkflowFailedException>(
            () => worker.ExecuteAsync(() => handle.GetResultAsync()));
        Assert.IsType<TimeoutFailureException>(failed.InnerException);
    }

    [Fact]
    public async Task ExecutionTimeout_RetriesWouldGoOn_WholeChainTimesOut()
    {
        var options = new WorkflowOptions(_id, _id)
        {
            ExecutionTimeout = TimeSpan.FromSeconds(3),
            RetryPolicy = new() { InitialInterval = TimeSpan.FromSeconds(1), BackoffCoefficient = 1 },
        };
        using var worker = server.Worker(_id, more => more.AddWorkflow<StumblingWorkflow>());
        await Assert.ThrowsAsync<WorkflowFailedException>(() => worker.ExecuteAsync(
            () => server.Client.ExecuteWorkflowAsync((StumblingWorkflow w) => w.RunAsync(1_000), options)));
    }

    [Fact]
    public async Task StartDelay_Signal_DoesNotEndItButSignalWithStartDoes()
    {
        var options = new WorkflowOptions(_id, _id) { StartDelay = TimeSpan.FromHours(1) };
        var handle = await server.Client.StartWorkflowAsync((MailboxWorkflow w) => w.RunAsync(), options);
        using var worker = server.Worker(_id);
        await worker.ExecuteAsync(async () =>
        {
            await handle.SignalAsync(w => w.AddAsync("wait"));
            var fault = await ServerFixture.FaultAsync(
                RpcException.StatusCode.FailedPrecondition, () => handle.QueryAsync(w => w.Count()));
            Assert.Contains("not scheduled yet", fault.Message, StringComparison.Ordinal);
            Assert.DoesNotContain(
                (await handle.FetchHistoryAsync()).Events, e => e.EventType == EventType.WorkflowTaskScheduled);

            options.SignalWithStart((MailboxWorkflow w) => w.AddAsync("now"));
            await server.Client.StartWorkflowAsync((MailboxWorkflow w) => w.RunAsync(), options);
            Assert.Equal(2, await handle.QueryAsync(w => w.Count()));
            await handle.TerminateAsync();
        });
    }

    [Fact]
    public async Task StartDelay_Cancel_EndsIt()
    {
        var handle = await server.Client.StartWorkflowAsync(
            (MailboxWorkflow w) => w.RunAsync(), new(_id, _id) { StartDelay = TimeSpan.FromHours(1) });
        await handle.CancelAsync();
        using var worker = server.Worker(_id);
        var failed = await Assert.ThrowsAsync<WorkflowFailedException>(
            () => worker.ExecuteAsync(() => handle.GetResultAsync()));
        Assert.IsType<CanceledFailureException>(failed.InnerException);
    }

    [Fact]
    public async Task Terminate_Reason_ReachesWhoeverWaits()
    {
        var handle = await server.Client.StartWorkflowAsync((MailboxWorkflow w) => w.RunAsync(), new(_id, _id));
        await handle.TerminateAsync("enough");
        var failed = await Assert.ThrowsAsync<WorkflowFailedException>(() => handle.GetResultAsync());
        Assert.Contains(
            "enough",
            Assert.IsType<TerminatedFailureException>(failed.InnerException).Message,
            StringComparison.Ordinal);
        await ServerFixture.FaultAsync(RpcException.StatusCode.NotFound, () => handle.TerminateAsync());
        await ServerFixture.FaultAsync(
            RpcException.StatusCode.NotFound, () => handle.SignalAsync(w => w.AddAsync("late")));
    }

    [Fact]
    public async Task Cancel_ClosedRun_Succeeds()
    {
        var handle = await server.Client.StartWorkflowAsync((MailboxWorkflow w) => w.RunAsync(), new(_id, _id));
        await handle.TerminateAsync();
        await handle.CancelAsync();
        Assert.Equal(WorkflowExecutionStatus.Terminated, (await handle.DescribeAsync()).Status);
    }

    [Fact]
    public async Task Delete_OpenRun_IsGone()
    {
        var handle = await server.Client.StartWorkflowAsync((MailboxWorkflow w) => w.RunAsync(), new(_id, _id));
        await server.Client.Connection.WorkflowService.DeleteWorkflowExecutionAsync(
            new() { Namespace = "default", WorkflowExecution = new() { WorkflowId = _id } });
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        RpcException? gone = null;
        while (gone == null)
        {
            patience.Token.ThrowIfCancellationRequested();
            try
            {
                await handle.DescribeAsync();
            }
            catch (RpcException e)
            {
                gone = e;
            }
        }
        Assert.Equal(RpcException.StatusCode.NotFound, gone.Code);
    }

    [Fact]
    public async Task MemoAndMetadata_GivenAtStart_AreDescribed()
    {
        var handle = await server.Client.StartWorkflowAsync((MailboxWorkflow w) => w.RunAsync(), new(_id, _id)
        {
            Memo = new Dictionary<string, object> { ["owner"] = "me" },
            StaticSummary = "a summary",
            StaticDetails = "details",
        });
        var described = await handle.DescribeAsync();
        Assert.Equal("me", await described.Memo["owner"].ToValueAsync<string>());
        Assert.Equal("a summary", await described.GetStaticSummaryAsync());
        Assert.Equal("details", await described.GetStaticDetailsAsync());
        await handle.TerminateAsync();
    }
}
