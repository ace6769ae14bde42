using Google.Protobuf;
using Nstance.Temporal.Tests.Support;
using Temporalio.Api.Common.V1;
using Temporalio.Api.WorkflowService.V1;
using Temporalio.Client;
using Temporalio.Exceptions;
using Code = Temporalio.Exceptions.RpcException.StatusCode;

namespace Nstance.Temporal.Tests.TestServer;

/// <summary>Malformed and oversized requests get the real server's status codes.</summary>
public sealed class BadInputTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private readonly string _id = "bad-" + Guid.NewGuid();

    private WorkflowService Service => server.Client.Connection.WorkflowService;

    public static TheoryData<string, Action<StartWorkflowExecutionRequest>> Starts => new()
    {
        { "no namespace", r => r.Namespace = "" },
        { "no id", r => r.WorkflowId = "" },
        { "no type", r => r.WorkflowType = null },
        { "no queue", r => r.TaskQueue = null },
        { "long id", r => r.WorkflowId = new('x', 1_001) },
        { "long type", r => r.WorkflowType.Name = new('x', 1_001) },
        { "long request id", r => r.RequestId = new('x', 1_001) },
        { "negative timeout", r => r.WorkflowRunTimeout = new() { Seconds = -1 } },
        { "negative delay", r => r.WorkflowStartDelay = new() { Seconds = -1 } },
        { "queue name of the server's own", r => r.TaskQueue.Name = "/_sys/any/1" },
        { "bad cron", r => r.CronSchedule = "never" },
        { "bad retry policy", r => r.RetryPolicy = new() { MaximumAttempts = -1 } },
        {
            "unknown attribute",
            r => (r.SearchAttributes = new()).IndexedFields["Nobody"] = new() { Data = ByteString.CopyFromUtf8("1") }
        },
        { "3 MB of input", r => r.Input = new() { Payloads_ = { Large } } },
        { "cron with delay", r => { r.CronSchedule = "* * * * *"; r.WorkflowStartDelay = new() { Seconds = 1 }; } },
    };

    private static Payload Large => new() { Data = ByteString.CopyFrom(new byte[3 << 20]) };

    [Theory]
    [MemberData(nameof(Starts), DisableDiscoveryEnumeration = true)]
    public async Task Start_Malformed_InvalidArgument(string what, Action<StartWorkflowExecutionRequest> spoil)
    {
        Assert.NotEmpty(what);
        var request = new StartWorkflowExecutionRequest
        {
            Namespace = "default",
            WorkflowId = _id,
            WorkflowType = new() { Name = "Any" },
            TaskQueue = new() { Name = _id },
            RequestId = Guid.NewGuid().ToString(),
        };
        spoil(request);
        await ServerFixture.FaultAsync(Code.InvalidArgument, () => Service.StartWorkflowExecutionAsync(request));
    }

    [Fact]
    public async Task Poll_QueueNameOfTheServersOwn_InvalidArgument()
    {
        var queue = new Temporalio.Api.TaskQueue.V1.TaskQueue { Name = "/_sys/any/1" };
        await ServerFixture.FaultAsync(
            Code.InvalidArgument, () => Service.PollWorkflowTaskQueueAsync(
                new() { Namespace = "default", TaskQueue = queue }));
        await ServerFixture.FaultAsync(
            Code.InvalidArgument, () => Service.PollActivityTaskQueueAsync(
                new() { Namespace = "default", TaskQueue = queue }));
    }

    /// <summary>An empty request gets an error that names what is missing, never INTERNAL.</summary>
    [Fact]
    public async Task EveryCall_EmptyRequest_IsNoInternalError()
    {
        var connection = server.Own.Client.Connection;
        foreach (var service in new object[] { Service, connection.OperatorService, connection.TestService })
        {
            foreach (var method in service.GetType().GetMethods().Where(
                each => each.Name.EndsWith("Async", StringComparison.Ordinal)))
            {
                var request = Activator.CreateInstance(method.GetParameters()[0].ParameterType);
                try
                {
                    await (Task)method.Invoke(service, [request, new RpcOptions { Retry = false }])!;
                }
                catch (RpcException fault)
                {
                    Assert.True(fault.Code != Code.Internal, $"{method.Name}: {fault.Message}");
                }
            }
        }
    }

    [Fact]
    public async Task EveryCall_UnknownNamespace_NotFound()
    {
        var ns = "nowhere-" + Guid.NewGuid();
        var run = new Temporalio.Api.Common.V1.WorkflowExecution { WorkflowId = _id };
        await ServerFixture.FaultAsync(Code.NotFound, () => Service.DescribeNamespaceAsync(new() { Namespace = ns }));
        await ServerFixture.FaultAsync(
            Code.NotFound, () => Service.DescribeWorkflowExecutionAsync(new() { Namespace = ns, Execution = run }));
        await ServerFixture.FaultAsync(
            Code.NotFound, () => Service.ListWorkflowExecutionsAsync(new() { Namespace = ns }));
        await ServerFixture.FaultAsync(
            Code.NotFound,
            () => Service.PollWorkflowTaskQueueAsync(new() { Namespace = ns, TaskQueue = new() { Name = "q" } }));
    }

    [Fact]
    public async Task EveryCall_UnknownRun_NotFound()
    {
        var handle = server.Client.GetWorkflowHandle(_id);
        await ServerFixture.FaultAsync(Code.NotFound, () => handle.DescribeAsync());
        await ServerFixture.FaultAsync(Code.NotFound, () => handle.SignalAsync("any", []));
        await ServerFixture.FaultAsync(Code.NotFound, () => handle.CancelAsync());
        await ServerFixture.FaultAsync(Code.NotFound, () => handle.TerminateAsync());
        await ServerFixture.FaultAsync(Code.NotFound, () => handle.QueryAsync<int>("any", []));
        await ServerFixture.FaultAsync(Code.NotFound, () => handle.FetchHistoryAsync());
        await ServerFixture.FaultAsync(Code.NotFound, () => handle.ExecuteUpdateAsync("any", []));
    }

    [Fact]
    public async Task Describe_RunIdIsNoId_InvalidArgument() => await ServerFixture.FaultAsync(
        Code.InvalidArgument, () => server.Client.GetWorkflowHandle(_id, "not-a-run-id").DescribeAsync());

    [Fact]
    public async Task Answers_GarbageToken_InvalidArgument()
    {
        var token = ByteString.CopyFromUtf8("garbage");
        await ServerFixture.FaultAsync(
            Code.InvalidArgument,
            () => Service.RespondWorkflowTaskCompletedAsync(new() { Namespace = "default", TaskToken = token }));
        await ServerFixture.FaultAsync(
            Code.InvalidArgument,
            () => Service.RespondActivityTaskCompletedAsync(new() { Namespace = "default", TaskToken = token }));
        await ServerFixture.FaultAsync(
            Code.InvalidArgument,
            () => Service.RecordActivityTaskHeartbeatAsync(new() { Namespace = "default", TaskToken = token }));
    }

    [Fact]
    public async Task History_GarbagePageToken_InvalidArgument() => await ServerFixture.FaultAsync(
        Code.InvalidArgument,
        () => Service.GetWorkflowExecutionHistoryAsync(new()
        {
            Namespace = "default",
            Execution = new() { WorkflowId = _id },
            NextPageToken = ByteString.CopyFromUtf8("garbage"),
        }));

    [Fact]
    public async Task Signal_PayloadTooLarge_InvalidArgument()
    {
        var handle = await StartAsync();
        await ServerFixture.FaultAsync(
            Code.InvalidArgument,
            () => Service.SignalWorkflowExecutionAsync(new()
            {
                Namespace = "default",
                WorkflowExecution = new() { WorkflowId = _id },
                SignalName = "Add",
                Input = new() { Payloads_ = { Large } },
            }));
        await handle.TerminateAsync();
    }

    [Fact]
    public async Task Register_NamespaceTwice_AlreadyExists()
    {
        var request = new RegisterNamespaceRequest
        {
            Namespace = _id,
            WorkflowExecutionRetentionPeriod = new() { Seconds = 86_400 },
        };
        await Service.RegisterNamespaceAsync(request);
        await ServerFixture.FaultAsync(Code.AlreadyExists, () => Service.RegisterNamespaceAsync(request));
        var described = await TestEnvironments.EventuallyAsync(
            () => Service.DescribeNamespaceAsync(new() { Namespace = _id }));
        Assert.Equal(_id, described.NamespaceInfo.Name);
    }

    [Fact]
    public async Task Update_ElevenInFlight_ResourceExhausted()
    {
        // Without a worker, all stay in flight.
        var handle = await StartAsync();
        using var end = new CancellationTokenSource();
        var rpc = new RpcOptions { CancellationToken = end.Token, Retry = false };
        var updates = Enumerable.Range(0, 11)
            .Select(i => handle.ExecuteUpdateAsync(w => w.PutAsync("x"), new($"update-{i}") { Rpc = rpc }))
            .ToList();
        var first = await Task.WhenAny(updates);
        var fault = await Assert.ThrowsAsync<RpcException>(() => first);
        Assert.Equal(Code.ResourceExhausted, fault.Code);
        await end.CancelAsync();
        await handle.TerminateAsync();
        await Task.WhenAll(updates).ContinueWith(_ => { }, TaskScheduler.Default);
    }

    [Fact]
    public async Task NotSupported_Call_UnimplementedAndNamed()
    {
        _ = server.Own;
        var fault = await ServerFixture.FaultAsync(
            Code.Unimplemented, () => Service.UpdateWorkflowExecutionOptionsAsync(new() { Namespace = "default" }));
        Assert.Contains("UpdateWorkflowExecutionOptions", fault.Message, StringComparison.Ordinal);
    }

    private Task<WorkflowHandle<MailboxWorkflow, List<string>>> StartAsync() =>
        server.Client.StartWorkflowAsync((MailboxWorkflow w) => w.RunAsync(), new(_id, _id));
}
