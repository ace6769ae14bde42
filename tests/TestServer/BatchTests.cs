using Nstance.Temporal.Tests.Support;
using Temporalio.Api.Batch.V1;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.WorkflowService.V1;
using Temporalio.Client;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Tests.TestServer;

/// <summary>One operation on all runs that a query finds.</summary>
public sealed class BatchTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private const int Runs = 3;

    private readonly string _id = "batch-" + Guid.NewGuid();

    private WorkflowService Service => server.Client.Connection.WorkflowService;

    private string Mine => $"TaskQueue = '{_id}' AND ExecutionStatus = 'Running'";

    [Fact]
    public async Task Terminate_ByQuery_AllAreTerminatedAndTheJobIsListed()
    {
        var handles = await StartAsync();
        var job = await CarryOutAsync(new() { TerminationOperation = new() { Identity = "operator" } });
        Assert.Equal(Runs, job.CompleteOperationCount);
        Assert.Equal(0, job.FailureOperationCount);
        Assert.Equal(Runs, job.TotalOperationCount);
        Assert.Equal("operator", job.Identity);
        Assert.Equal("for a test", job.Reason);
        foreach (var handle in handles)
            Assert.Equal(WorkflowExecutionStatus.Terminated, (await handle.DescribeAsync()).Status);
        var listed = await TestEnvironments.EventuallyAsync(
            () => Service.ListBatchOperationsAsync(new() { Namespace = "default" }),
            answer => answer.OperationInfo.Any(
                each => each.JobId == _id && each.State == BatchOperationState.Completed));
        Assert.Equal(
            BatchOperationType.Terminate, listed.OperationInfo.Single(each => each.JobId == _id).OperationType);
    }

    [Fact]
    public async Task Signal_ByQuery_EachGetsIt()
    {
        var handles = await StartAsync();
        await CarryOutAsync(new() { SignalOperation = new() { Signal = "Nudge" } });
        foreach (var handle in handles)
        {
            Assert.Contains(
                (await handle.FetchHistoryAsync()).Events, e => e.EventType == EventType.WorkflowExecutionSignaled);
            await handle.TerminateAsync();
        }
    }

    [Fact]
    public async Task Cancel_ByExecutions_OnlyThoseAreAsked()
    {
        var handles = await StartAsync();
        await CarryOutAsync(new()
        {
            Executions = { new Temporalio.Api.Common.V1.WorkflowExecution { WorkflowId = handles[0].Id } },
            CancellationOperation = new(),
        });
        Assert.Contains(
            (await handles[0].FetchHistoryAsync()).Events,
            e => e.EventType == EventType.WorkflowExecutionCancelRequested);
        Assert.DoesNotContain(
            (await handles[1].FetchHistoryAsync()).Events,
            e => e.EventType == EventType.WorkflowExecutionCancelRequested);
        foreach (var handle in handles)
            await handle.TerminateAsync();
    }

    [Fact]
    public async Task Delete_ByQuery_NothingIsLeft()
    {
        var handles = await StartAsync();
        await CarryOutAsync(new() { DeletionOperation = new() });
        foreach (var handle in handles)
        {
            await TestEnvironments.EventuallyAsync(
                async () => (await Record.ExceptionAsync(() => handle.DescribeAsync())) as RpcException,
                fault => fault?.Code == RpcException.StatusCode.NotFound);
        }
    }

    [Fact]
    public async Task Reset_ByQueryToFirstTask_EachGoesOnInAnotherRun()
    {
        using var worker = server.Worker(_id);
        await worker.ExecuteAsync(async () =>
        {
            var handles = await StartAsync();
            foreach (var handle in handles)
                Assert.Equal(0, await handle.QueryAsync(w => w.Count()));
            await CarryOutAsync(new() { ResetOperation = new() { Options = new() { FirstWorkflowTask = new() } } });
            foreach (var handle in handles)
            {
                var current = server.Client.GetWorkflowHandle<MailboxWorkflow>(handle.Id);
                Assert.NotEqual(handle.ResultRunId, (await current.DescribeAsync()).RunId);
                Assert.Equal(1, await current.ExecuteUpdateAsync(w => w.PutAsync("a")));
                await current.TerminateAsync();
            }
        });
    }

    [Fact]
    public async Task Stop_JobIsSlow_SkipsTheRest()
    {
        var handles = await StartAsync();
        await Service.StartBatchOperationAsync(
            Complete(new() { TerminationOperation = new(), MaxOperationsPerSecond = 0.01f }));
        await Service.StopBatchOperationAsync(new() { Namespace = "default", JobId = _id, Reason = "enough" });
        Assert.Equal(
            BatchOperationState.Failed,
            (await Service.DescribeBatchOperationAsync(new() { Namespace = "default", JobId = _id })).State);
        var open = 0;
        foreach (var handle in handles)
        {
            if ((await handle.DescribeAsync()).Status != WorkflowExecutionStatus.Running)
                continue;
            open++;
            await handle.TerminateAsync();
        }
        Assert.InRange(open, 1, Runs);
    }

    [Fact]
    public async Task Start_Incomplete_InvalidArgument()
    {
        await ServerFixture.FaultAsync(RpcException.StatusCode.InvalidArgument, () => Service.StartBatchOperationAsync(
            new() { Namespace = "default", JobId = _id, Reason = "x", VisibilityQuery = Mine }));
        await ServerFixture.FaultAsync(RpcException.StatusCode.InvalidArgument, () => Service.StartBatchOperationAsync(
            new()
            {
                Namespace = "default",
                JobId = _id,
                Reason = "x",
                TerminationOperation = new BatchOperationTermination(),
            }));
        await ServerFixture.FaultAsync(RpcException.StatusCode.InvalidArgument, () => Service.StartBatchOperationAsync(
            Complete(new() { SignalOperation = new() })));
        await ServerFixture.FaultAsync(RpcException.StatusCode.NotFound, () => Service.DescribeBatchOperationAsync(
            new() { Namespace = "default", JobId = _id }));
    }

    private async Task<List<WorkflowHandle<MailboxWorkflow, List<string>>>> StartAsync()
    {
        var handles = new List<WorkflowHandle<MailboxWorkflow, List<string>>>();
        for (var i = 0; i < Runs; i++)
            handles.Add(
                await server.Client.StartWorkflowAsync((MailboxWorkflow w) => w.RunAsync(), new($"{_id}-{i}", _id)));
        await TestEnvironments.EventuallyAsync(
            () => server.Client.CountWorkflowsAsync(Mine), count => count.Count == Runs);
        return handles;
    }

    private StartBatchOperationRequest Complete(StartBatchOperationRequest request)
    {
        request.Namespace = "default";
        request.JobId = _id;
        request.Reason = "for a test";
        if (request.Executions.Count == 0)
            request.VisibilityQuery = Mine;
        return request;
    }

    private async Task<DescribeBatchOperationResponse> CarryOutAsync(StartBatchOperationRequest request)
    {
        await Service.StartBatchOperationAsync(Complete(request));
        return await TestEnvironments.EventuallyAsync(
            () => Service.DescribeBatchOperationAsync(new() { Namespace = "default", JobId = _id }),
            job => job.State == BatchOperationState.Completed);
    }
}
