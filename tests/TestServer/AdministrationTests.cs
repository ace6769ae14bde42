using Nstance.Temporal.Tests.Support;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.OperatorService.V1;
using Temporalio.Api.Worker.V1;
using Temporalio.Api.WorkflowService.V1;
using Temporalio.Client;
using Code = Temporalio.Exceptions.RpcException.StatusCode;

namespace Nstance.Temporal.Tests.TestServer;

/// <summary>
/// Namespaces, their search attributes, workers as they report themselves, and the server's time by RPC.
/// </summary>
public sealed class AdministrationTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private readonly string _id = "admin-" + Guid.NewGuid();

    private WorkflowService Service => server.Client.Connection.WorkflowService;

    private OperatorService Operator => server.Client.Connection.OperatorService;

    [Fact]
    public async Task Namespace_RegisteredUpdatedDeleted_EachIsSeen()
    {
        await Service.RegisterNamespaceAsync(
            new() { Namespace = _id, WorkflowExecutionRetentionPeriod = new() { Seconds = 86_400 } });
        Assert.Contains(
            (await Service.ListNamespacesAsync(new() { PageSize = 1_000 })).Namespaces,
            each => each.NamespaceInfo.Name == _id);
        await Service.UpdateNamespaceAsync(new() { Namespace = _id, UpdateInfo = new() { Description = "of a test" } });
        Assert.Equal(
            "of a test", (await Service.DescribeNamespaceAsync(new() { Namespace = _id })).NamespaceInfo.Description);
        await Operator.DeleteNamespaceAsync(new() { Namespace = _id });
        await ServerFixture.FaultAsync(Code.NotFound, () => Service.DescribeNamespaceAsync(new() { Namespace = _id }));
    }

    [Fact]
    public async Task Namespace_Another_SeesNoRunsOfTheFirst()
    {
        await Service.RegisterNamespaceAsync(
            new() { Namespace = _id, WorkflowExecutionRetentionPeriod = new() { Seconds = 86_400 } });
        var handle = await server.Client.StartWorkflowAsync((MailboxWorkflow w) => w.RunAsync(), new(_id, _id));
        await ServerFixture.FaultAsync(
            Code.NotFound,
            () => Service.DescribeWorkflowExecutionAsync(
                new() { Namespace = _id, Execution = new() { WorkflowId = _id } }));
        Assert.Equal(0, (await Service.CountWorkflowExecutionsAsync(new() { Namespace = _id })).Count);
        await handle.TerminateAsync();
    }

    [Fact]
    public async Task SearchAttribute_AddedAgainAsAnotherTypeRemovedTwice_SecondTimesChangeNothing()
    {
        var add = new AddSearchAttributesRequest { Namespace = "default" };
        await ServerFixture.FaultAsync(Code.InvalidArgument, () => Operator.AddSearchAttributesAsync(add));
        add.SearchAttributes["Colour"] = IndexedValueType.Keyword;
        var remove = new RemoveSearchAttributesRequest { Namespace = "default", SearchAttributes = { "Colour" } };
        await Operator.AddSearchAttributesAsync(add);
        var other = add.Clone();
        other.SearchAttributes["Colour"] = IndexedValueType.Int;
        await Operator.AddSearchAttributesAsync(other);
        Assert.Equal(IndexedValueType.Keyword, (await ListAsync()).CustomAttributes["Colour"]);
        await Operator.RemoveSearchAttributesAsync(remove);
        Assert.DoesNotContain("Colour", (await ListAsync()).CustomAttributes.Keys);
        await Operator.RemoveSearchAttributesAsync(remove);
        await ServerFixture.FaultAsync(Code.InvalidArgument, () => Operator.RemoveSearchAttributesAsync(
            new() { Namespace = "default", SearchAttributes = { "WorkflowId" } }));
        await ServerFixture.FaultAsync(Code.InvalidArgument, () => Operator.RemoveSearchAttributesAsync(
            new() { SearchAttributes = { "Colour" } }));
    }

    [Fact]
    public async Task Worker_HeartbeatThenShutdown_ListedThenGone()
    {
        var beat = new WorkerHeartbeat { WorkerInstanceKey = _id, TaskQueue = _id, Status = WorkerStatus.Running };
        await Service.RecordWorkerHeartbeatAsync(new() { Namespace = "default", WorkerHeartbeat = { beat } });
        Assert.True(await IsListedAsync());
        await Service.ShutdownWorkerAsync(new() { Namespace = "default", WorkerInstanceKey = _id, TaskQueue = _id });
        Assert.True(await IsListedAsync()); // it did not say so itself
        var last = beat.Clone();
        last.Status = WorkerStatus.Shutdown;
        await Service.ShutdownWorkerAsync(
            new() { Namespace = "default", WorkerInstanceKey = _id, TaskQueue = _id, WorkerHeartbeat = last });
        Assert.False(await IsListedAsync());
    }

    [Fact]
    public async Task ShutdownWorker_PollWaits_EndsEmptyAndLaterOnesAtOnce()
    {
        _ = server.Own;
        var request = new PollWorkflowTaskQueueRequest
        {
            Namespace = "default",
            TaskQueue = new() { Name = _id },
            Identity = _id,
            WorkerInstanceKey = _id,
        };
        var poll = Service.PollWorkflowTaskQueueAsync(request);
        await TestEnvironments.EventuallyAsync(
            () => Service.DescribeTaskQueueAsync(new() { Namespace = "default", TaskQueue = new() { Name = _id } }),
            answer => answer.Pollers.Count > 0);
        await Service.ShutdownWorkerAsync(new() { Namespace = "default", WorkerInstanceKey = _id });
        Assert.True((await poll).TaskToken.IsEmpty);
        Assert.True((await Service.PollWorkflowTaskQueueAsync(request)).TaskToken.IsEmpty);
    }

    [Fact]
    public async Task TestService_UnlockWithSleepThenLock_TimeIsAheadAndSkipsNoMore()
    {
        _ = server.Own;
        var time = server.Client.Connection.TestService;
        var before = (await time.GetCurrentTimeAsync(new())).Time.ToDateTimeOffset();
        await time.UnlockTimeSkippingWithSleepAsync(new() { Duration = new() { Seconds = (long)Day.TotalSeconds } });
        var after = (await time.GetCurrentTimeAsync(new())).Time.ToDateTimeOffset();
        Assert.InRange(after - before, Day, Day + TimeSpan.FromMinutes(10));
        await time.UnlockTimeSkippingAsync(new());
        await time.SleepAsync(new() { Duration = new() { Seconds = (long)Day.TotalSeconds } });
        await time.LockTimeSkippingAsync(new());
        var locked = (await time.GetCurrentTimeAsync(new())).Time.ToDateTimeOffset();
        Assert.InRange(locked - after, Day, Day + TimeSpan.FromMinutes(10));
        // The lock holds again: nothing that is due tomorrow happens now.
        using var end = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        await Assert.ThrowsAnyAsync<Exception>(() => time.SleepAsync(
            new() { Duration = new() { Seconds = (long)Day.TotalSeconds } },
            new() { CancellationToken = end.Token, Retry = false }));
        Assert.InRange(
            (await time.GetCurrentTimeAsync(new())).Time.ToDateTimeOffset() - locked,
            TimeSpan.Zero,
            TimeSpan.FromMinutes(10));
    }

    [Fact]
    public async Task SystemInfo_Asked_NamesWhatTheSdkBuildsOn()
    {
        var info = await Service.GetSystemInfoAsync(new());
        Assert.True(info.Capabilities.SdkMetadata);
        Assert.True(info.Capabilities.BuildIdBasedVersioning);
        Assert.NotEmpty(info.ServerVersion);
    }

    private Task<ListSearchAttributesResponse> ListAsync() =>
        Operator.ListSearchAttributesAsync(new() { Namespace = "default" });

    private async Task<bool> IsListedAsync() =>
        (await Service.ListWorkersAsync(new() { Namespace = "default" }))
            .Workers.Any(each => each.WorkerInstanceKey == _id);
}
