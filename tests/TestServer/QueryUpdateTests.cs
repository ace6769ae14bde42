using Temporalio.Api.Enums.V1;
using Temporalio.Client;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Tests.TestServer;

public sealed class QueryUpdateTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private readonly string _id = "asked-" + Guid.NewGuid();

    [Fact]
    public Task Query_UnknownName_FailsAndWorkflowGoesOn() => WithMailboxAsync(async handle =>
    {
        await Assert.ThrowsAsync<WorkflowQueryFailedException>(() => handle.QueryAsync<int>("nothing", []));
        Assert.Equal(0, await handle.QueryAsync(w => w.Count()));
    });

    [Fact]
    public Task Query_ClosedRunRejectNotOpen_RejectedWithItsStatus() => WithMailboxAsync(async handle =>
    {
        Assert.Equal(0, await handle.QueryAsync(w => w.Count()));
        await handle.TerminateAsync();
        var rejected = await Assert.ThrowsAsync<WorkflowQueryRejectedException>(
            () => handle.QueryAsync(w => w.Count(), new() { RejectCondition = QueryRejectCondition.NotOpen }));
        Assert.Equal(WorkflowExecutionStatus.Terminated, rejected.WorkflowStatus);
        Assert.Equal(0, await handle.QueryAsync(w => w.Count()));
    });

    [Fact]
    public async Task Query_ClosedBeforeAWorkerSawIt_IsRefused()
    {
        var handle = await server.Client.StartWorkflowAsync((MailboxWorkflow w) => w.RunAsync(), new(_id, _id));
        await handle.TerminateAsync();
        var fault = await ServerFixture.FaultAsync(
            RpcException.StatusCode.FailedPrecondition, () => handle.QueryAsync(w => w.Count()));
        Assert.Contains("closed before WorkflowTaskStarted", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Query_NoPollerFor20Seconds_SaysThatTheWorkerMayBeDown()
    {
        var handle = await server.Client.StartWorkflowAsync((MailboxWorkflow w) => w.RunAsync(), new(_id, _id));
        using (var worker = server.Worker(_id))
            Assert.Equal(0, await worker.ExecuteAsync(() => handle.QueryAsync(w => w.Count())));
        var fault = await ServerFixture.FaultAsync(
            RpcException.StatusCode.FailedPrecondition,
            () => handle.QueryAsync(
                w => w.Count(), new() { Rpc = new() { Timeout = TimeSpan.FromSeconds(26), Retry = false } }));
        Assert.Contains(
            "no poller seen for task queue recently, worker may be down", fault.Message, StringComparison.Ordinal);
        await handle.TerminateAsync();
    }

    [Fact]
    public Task Query_BuiltIn_StackTraceAndMetadataAnswer() => WithMailboxAsync(
        async handle =>
        {
            Assert.Contains("RunAsync", await handle.QueryAsync<string>("__stack_trace", []), StringComparison.Ordinal);
            var metadata = await handle.QueryAsync<Temporalio.Api.Sdk.V1.WorkflowMetadata>(
                "__temporal_workflow_metadata", []);
            Assert.Contains(metadata.Definition.QueryDefinitions, each => each.Name == "Count");
        },
        options => options.WorkflowStackTrace = Temporalio.Worker.WorkflowStackTrace.Normal);

    [Fact]
    public Task Query_WhileUpdatesRun_EachAnswered() => WithMailboxAsync(async handle =>
    {
        var updates = Enumerable.Range(0, 8).Select(i => handle.ExecuteUpdateAsync(w => w.PutAsync($"{i}"))).ToList();
        for (var i = 0; i < 8; i++)
            Assert.InRange(await handle.QueryAsync(w => w.Count()), 0, 8);
        Assert.Equal(Enumerable.Range(1, 8), (await Task.WhenAll(updates)).Order());
    });

    [Fact]
    public Task Update_SameId_HandledOnceAnsweredTwice() => WithMailboxAsync(async handle =>
    {
        Assert.Equal(1, await handle.ExecuteUpdateAsync(w => w.PutAsync("a"), new("the-update")));
        Assert.Equal(1, await handle.ExecuteUpdateAsync(w => w.PutAsync("a"), new("the-update")));
        Assert.Equal(1, await handle.QueryAsync(w => w.Count()));
    });

    [Fact]
    public Task Update_Accepted_PolledByIdLater() => WithMailboxAsync(async handle =>
    {
        await handle.StartUpdateAsync(w => w.PutAsync("a"), new("later", WorkflowUpdateStage.Accepted));
        Assert.Equal(1, await handle.GetUpdateHandle<int>("later").GetResultAsync());
        var unknown = await Assert.ThrowsAsync<RpcException>(
            () => handle.GetUpdateHandle<int>("never").GetResultAsync());
        Assert.Equal(RpcException.StatusCode.NotFound, unknown.Code);
    });

    [Fact]
    public Task Update_Rejected_LeavesNoEventAndIdIsFree() => WithMailboxAsync(async handle =>
    {
        await Assert.ThrowsAsync<WorkflowUpdateFailedException>(
            () => handle.ExecuteUpdateAsync(w => w.PutAsync(""), new("again")));
        Assert.DoesNotContain(
            (await handle.FetchHistoryAsync()).Events, e => e.EventType == EventType.WorkflowExecutionUpdateAccepted);
        Assert.Equal(1, await handle.ExecuteUpdateAsync(w => w.PutAsync("a"), new("again")));
    });

    [Fact]
    public async Task Update_RunCloses_Aborted()
    {
        var handle = await server.Client.StartWorkflowAsync((MailboxWorkflow w) => w.RunAsync(), new(_id, _id));
        var update = handle.ExecuteUpdateAsync(w => w.PutAsync("a"));
        // The update and this come on one connection, in any order; either way it never gets an outcome.
        await handle.TerminateAsync();
        var fault = await Assert.ThrowsAsync<RpcException>(() => update);
        Assert.Equal(RpcException.StatusCode.NotFound, fault.Code);
    }

    [Fact]
    public Task Update_CacheOfOneManyRuns_EveryOneAnswered() => WithMailboxAsync(
        async handle =>
        {
            var others = new List<WorkflowHandle<MailboxWorkflow, List<string>>> { handle };
            for (var i = 0; i < 4; i++)
            {
                others.Add(await server.Client.StartWorkflowAsync(
                    (MailboxWorkflow w) => w.RunAsync(), new($"{_id}-{i}", _id)));
            }
            for (var round = 1; round <= 5; round++)
            {
                foreach (var each in others)
                    Assert.Equal(round, await each.ExecuteUpdateAsync(w => w.PutAsync("x")));
            }
            foreach (var each in others.Skip(1))
            {
                Assert.DoesNotContain(
                    (await each.FetchHistoryAsync()).Events,
                    e => e.EventType is EventType.WorkflowTaskTimedOut or EventType.WorkflowTaskFailed);
                await each.TerminateAsync();
            }
        },
        options => options.MaxCachedWorkflows = 1);

    private async Task WithMailboxAsync(
        Func<WorkflowHandle<MailboxWorkflow, List<string>>, Task> test,
        Action<Temporalio.Worker.TemporalWorkerOptions>? more = null)
    {
        using var worker = server.Worker(_id, more);
        await worker.ExecuteAsync(async () =>
        {
            var handle = await server.Client.StartWorkflowAsync((MailboxWorkflow w) => w.RunAsync(), new(_id, _id));
            await test(handle);
            try
            {
                await handle.TerminateAsync("end of test");
            }
            catch (RpcException e) when (e.Code == RpcException.StatusCode.NotFound)
            {
                // The test ended it.
            }
        });
    }
}
