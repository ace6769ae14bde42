using Nstance.Temporal.Tests.Support;
using Temporalio.Api.Enums.V1;
using Temporalio.Client;
using Temporalio.Exceptions;
using Temporalio.Worker;

namespace Nstance.Temporal.Tests.TestServer;

/// <summary>Children, and workflows that signal and cancel each other.</summary>
public sealed class FamilyTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private readonly string _id = "family-" + Guid.NewGuid();

    private string Child => _id + "-child";

    [Theory]
    [InlineData(Temporalio.Workflows.ParentClosePolicy.Terminate, WorkflowExecutionStatus.Terminated)]
    [InlineData(Temporalio.Workflows.ParentClosePolicy.RequestCancel, WorkflowExecutionStatus.Canceled)]
    public async Task ParentCloses_Policy_EndsTheChild(
        Temporalio.Workflows.ParentClosePolicy policy, WorkflowExecutionStatus status)
    {
        using var worker = Worker();
        await worker.ExecuteAsync(async () =>
        {
            await server.Client.ExecuteWorkflowAsync(
                (LeavingParentWorkflow w) => w.RunAsync(Child, policy), new(_id, _id));
            var child = server.Client.GetWorkflowHandle(Child);
            await Assert.ThrowsAsync<WorkflowFailedException>(() => child.GetResultAsync());
            Assert.Equal(status, (await child.DescribeAsync()).Status);
        });
    }

    [Fact]
    public async Task ParentCloses_Abandon_ChildGoesOn()
    {
        using var worker = Worker();
        await worker.ExecuteAsync(async () =>
        {
            await server.Client.ExecuteWorkflowAsync(
                (LeavingParentWorkflow w) => w.RunAsync(Child, Temporalio.Workflows.ParentClosePolicy.Abandon),
                new(_id, _id));
            var child = server.Client.GetWorkflowHandle<MailboxWorkflow>(Child);
            Assert.Equal(1, await child.ExecuteUpdateAsync(w => w.PutAsync("alive")));
            await child.TerminateAsync();
        });
    }

    [Fact]
    public async Task ChildStart_IdInUse_ParentLearnsIt()
    {
        var taken = await server.Client.StartWorkflowAsync((MailboxWorkflow w) => w.RunAsync(), new(Child, _id));
        using var worker = Worker();
        Assert.Equal("already started", await worker.ExecuteAsync(
            () => server.Client.ExecuteWorkflowAsync((RivalParentWorkflow w) => w.RunAsync(Child), new(_id, _id))));
        await taken.TerminateAsync();
    }

    [Fact]
    public async Task External_SignalThenCancel_BothArrive()
    {
        using var worker = Worker();
        await worker.ExecuteAsync(async () =>
        {
            var other = await server.Client.StartWorkflowAsync((MailboxWorkflow w) => w.RunAsync(), new(Child, _id));
            Assert.Equal(
                "done",
                await server.Client.ExecuteWorkflowAsync((NeighbourWorkflow w) => w.RunAsync(Child), new(_id, _id)));
            var end = await Assert.ThrowsAsync<WorkflowFailedException>(() => other.GetResultAsync());
            Assert.IsType<CanceledFailureException>(end.InnerException);
            Assert.Contains(
                (await other.FetchHistoryAsync()).Events, e => e.EventType == EventType.WorkflowExecutionSignaled);
        });
    }

    [Fact]
    public async Task External_NoSuchRun_FailsAtTheSender()
    {
        using var worker = Worker();
        var said = await worker.ExecuteAsync(
            () => server.Client.ExecuteWorkflowAsync((NeighbourWorkflow w) => w.RunAsync(Child), new(_id, _id)));
        Assert.NotEqual("done", said);
    }

    [Fact]
    public async Task External_Itself_NotFound()
    {
        using var worker = Worker();
        var said = await worker.ExecuteAsync(
            () => server.Client.ExecuteWorkflowAsync((SelfSignallingWorkflow w) => w.RunAsync(), new(_id, _id)));
        Assert.Equal("Unable to signal external workflow because it was not found", said);
    }

    [Fact]
    public async Task Describe_OpenParent_ShowsPendingChild()
    {
        using var worker = Worker();
        await worker.ExecuteAsync(async () =>
        {
            var parent = await server.Client.StartWorkflowAsync(
                (RivalParentWorkflow w) => w.RunAsync(Child), new(_id, _id));
            var child = server.Client.GetWorkflowHandle<MailboxWorkflow>(Child);
            await TestEnvironments.EventuallyAsync(() => child.ExecuteUpdateAsync(w => w.PutAsync("x")));
            var described = await server.Client.Connection.WorkflowService.DescribeWorkflowExecutionAsync(
                new() { Namespace = "default", Execution = new() { WorkflowId = parent.Id } });
            var pending = Assert.Single(described.PendingChildren);
            Assert.Equal(Child, pending.WorkflowId);
            await child.ExecuteUpdateAsync(w => w.FinishAsync());
            Assert.Equal("started", await parent.GetResultAsync());
        });
    }

    private TemporalWorker Worker() => server.Worker(_id, options => options
        .AddWorkflow<LeavingParentWorkflow>().AddWorkflow<RivalParentWorkflow>().AddWorkflow<NeighbourWorkflow>()
        .AddWorkflow<SelfSignallingWorkflow>());
}
