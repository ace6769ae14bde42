using Temporalio.Api.Enums.V1;
using Temporalio.Api.WorkflowService.V1;
using Temporalio.Client;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Tests.TestServer;

/// <summary>
/// Start, signal-with-start, update-with-start: id policies and request ids. No worker is needed to decide them.
/// </summary>
public sealed class StartPolicyTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private readonly string _id = "policy-" + Guid.NewGuid();

    [Theory]
    [InlineData(WorkflowIdReusePolicy.AllowDuplicate, true, true)]
    [InlineData(WorkflowIdReusePolicy.AllowDuplicateFailedOnly, false, true)]
    [InlineData(WorkflowIdReusePolicy.RejectDuplicate, false, false)]
    public async Task Start_IdOfClosedRun_ReusePolicyDecides(
        WorkflowIdReusePolicy policy, bool afterCompleted, bool afterTerminated)
    {
        using var worker = server.Worker(_id);
        await worker.ExecuteAsync(
            () => server.Client.ExecuteWorkflowAsync((GreetingWorkflow w) => w.RunAsync("you"), Options("-completed")));
        Assert.Equal(afterCompleted, await StartsAsync(Options("-completed", policy)));
        var handle = await server.Client.StartWorkflowAsync(
            (MailboxWorkflow w) => w.RunAsync(), Options("-terminated"));
        await handle.TerminateAsync();
        Assert.Equal(afterTerminated, await StartsAsync(Options("-terminated", policy)));
        await EndAsync("-completed");
        await EndAsync("-terminated");
    }

    [Fact]
    public async Task Start_IdInUseFail_AlreadyStartedNamesTheRun()
    {
        var first = await StartAsync(Options(""));
        var fault = await Assert.ThrowsAsync<WorkflowAlreadyStartedException>(() => StartAsync(Options("")));
        Assert.Equal(first.ResultRunId, fault.RunId);
        await EndAsync("");
    }

    [Fact]
    public async Task Start_IdInUseUseExisting_SameRun()
    {
        var first = await StartAsync(Options(""));
        var again = await StartAsync(Options("", conflict: WorkflowIdConflictPolicy.UseExisting));
        Assert.Equal(first.ResultRunId, again.ResultRunId);
        await EndAsync("");
    }

    [Fact]
    public async Task Start_IdInUseTerminateExisting_OldRunTerminatedNewOneRuns()
    {
        var first = await StartAsync(Options(""));
        var again = await StartAsync(Options("", conflict: WorkflowIdConflictPolicy.TerminateExisting));
        Assert.NotEqual(first.ResultRunId, again.ResultRunId);
        Assert.Equal(
            WorkflowExecutionStatus.Terminated,
            (await server.Client.GetWorkflowHandle(_id, first.ResultRunId).DescribeAsync()).Status);
        Assert.Equal(WorkflowExecutionStatus.Running, (await again.DescribeAsync()).Status);
        await EndAsync("");
    }

    [Fact]
    public async Task Start_SameRequestId_OneRun()
    {
        var request = Raw("");
        var first = await server.Client.Connection.WorkflowService.StartWorkflowExecutionAsync(request);
        var again = await server.Client.Connection.WorkflowService.StartWorkflowExecutionAsync(request);
        Assert.Equal(first.RunId, again.RunId);
        request.RequestId = Guid.NewGuid().ToString();
        await ServerFixture.FaultAsync(
            RpcException.StatusCode.AlreadyExists,
            () => server.Client.Connection.WorkflowService.StartWorkflowExecutionAsync(request));
        await EndAsync("");
    }

    [Fact]
    public async Task Signal_SameRequestId_WrittenOnce()
    {
        var handle = await StartAsync(Options(""));
        var request = new SignalWorkflowExecutionRequest
        {
            Namespace = "default",
            SignalName = "Add",
            RequestId = "once",
            WorkflowExecution = new() { WorkflowId = _id },
        };
        await server.Client.Connection.WorkflowService.SignalWorkflowExecutionAsync(request);
        await server.Client.Connection.WorkflowService.SignalWorkflowExecutionAsync(request);
        Assert.Single(
            (await handle.FetchHistoryAsync()).Events, e => e.EventType == EventType.WorkflowExecutionSignaled);
        await EndAsync("");
    }

    [Fact]
    public async Task SignalWithStart_NoRunThenOpenRun_StartsOnceSignalsTwice()
    {
        var options = Options("");
        options.SignalWithStart((MailboxWorkflow w) => w.AddAsync("a"));
        var first = await StartAsync(options);
        var again = await StartAsync(options);
        Assert.Equal(first.ResultRunId, again.ResultRunId);
        var events = (await first.FetchHistoryAsync()).Events;
        Assert.Equal(2, events.Count(e => e.EventType == EventType.WorkflowExecutionSignaled));
        // The first signal comes before the first task: the workflow never sees itself without it.
        Assert.Equal(EventType.WorkflowExecutionSignaled, events.ElementAt(1).EventType);
        await EndAsync("");
    }

    [Fact]
    public async Task SignalWithStart_ClosedRunRejectDuplicate_AlreadyStarted()
    {
        await StartAsync(Options(""));
        await EndAsync("");
        var options = Options("", WorkflowIdReusePolicy.RejectDuplicate);
        options.SignalWithStart((MailboxWorkflow w) => w.AddAsync("a"));
        await Assert.ThrowsAsync<WorkflowAlreadyStartedException>(() => StartAsync(options));
    }

    [Fact]
    public async Task UpdateWithStart_Twice_StartsOnceUpdatesTwice()
    {
        using var worker = server.Worker(_id);
        await worker.ExecuteAsync(async () =>
        {
            Assert.Equal(1, await PutAsync("a"));
            Assert.Equal(2, await PutAsync("b"));
            await EndAsync("");
        });
    }

    [Fact]
    public async Task UpdateWithStart_IdInUseFail_AlreadyStarted()
    {
        await StartAsync(Options(""));
        await Assert.ThrowsAsync<WorkflowAlreadyStartedException>(() => PutAsync("a", WorkflowIdConflictPolicy.Fail));
        await EndAsync("");
    }

    private Task<int> PutAsync(string text, WorkflowIdConflictPolicy conflict = WorkflowIdConflictPolicy.UseExisting) =>
        server.Client.ExecuteUpdateWithStartWorkflowAsync(
            (MailboxWorkflow w) => w.PutAsync(text),
            new(WithStartWorkflowOperation.Create(
                (MailboxWorkflow w) => w.RunAsync(), Options("", conflict: conflict))));

    private WorkflowOptions Options(
        string suffix,
        WorkflowIdReusePolicy reuse = WorkflowIdReusePolicy.AllowDuplicate,
        WorkflowIdConflictPolicy conflict = WorkflowIdConflictPolicy.Unspecified) =>
        new(_id + suffix, _id) { IdReusePolicy = reuse, IdConflictPolicy = conflict };

    private StartWorkflowExecutionRequest Raw(string suffix) => new()
    {
        Namespace = "default",
        WorkflowId = _id + suffix,
        WorkflowType = new() { Name = "MailboxWorkflow" },
        TaskQueue = new() { Name = _id },
        RequestId = Guid.NewGuid().ToString(),
    };

    private Task<WorkflowHandle<MailboxWorkflow, List<string>>> StartAsync(WorkflowOptions options) =>
        server.Client.StartWorkflowAsync((MailboxWorkflow w) => w.RunAsync(), options);

    private async Task<bool> StartsAsync(WorkflowOptions options)
    {
        try
        {
            await StartAsync(options);
            return true;
        }
        catch (WorkflowAlreadyStartedException)
        {
            return false;
        }
    }

    private async Task EndAsync(string suffix)
    {
        try
        {
            await server.Client.GetWorkflowHandle(_id + suffix).TerminateAsync("end of test");
        }
        catch (RpcException e) when (e.Code == RpcException.StatusCode.NotFound)
        {
            // Its last run is closed already.
        }
    }
}
