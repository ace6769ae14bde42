using Google.Protobuf.WellKnownTypes;
using Nstance.Temporal.Tests.Support;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.Workflow.V1;
using Temporalio.Api.WorkflowService.V1;
using Temporalio.Client;
using Temporalio.Exceptions;
using Temporalio.Worker;

namespace Nstance.Temporal.Tests.TestServer;

/// <summary>What an operator does to a stuck activity.</summary>
public sealed class ActivityControlTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private readonly string _id = "control-" + Guid.NewGuid();

    private WorkflowService Service => server.Client.Connection.WorkflowService;

    private Temporalio.Api.Common.V1.WorkflowExecution Run => new() { WorkflowId = _id };

    [Fact]
    public Task UpdateOptions_ShorterRetryInterval_NextAttemptComesSoon() => WithStuckAsync(async handle =>
    {
        StuckActivities.Repair(_id);
        var answer = await Service.UpdateActivityOptionsAsync(new()
        {
            Namespace = "default",
            Execution = Run,
            Id = "stuck",
            ActivityOptions = new()
            {
                RetryPolicy = new() { InitialInterval = Duration.FromTimeSpan(TimeSpan.FromMilliseconds(50)) },
            },
            UpdateMask = new() { Paths = { "retry_policy.initial_interval" } },
        });
        Assert.Equal(TimeSpan.FromMilliseconds(50), answer.ActivityOptions.RetryPolicy.InitialInterval.ToTimeSpan());
        Assert.Equal(TimeSpan.FromMinutes(2), answer.ActivityOptions.StartToCloseTimeout.ToTimeSpan());
        Assert.Equal(2, await handle.GetResultAsync());
    });

    [Fact]
    public Task UpdateOptions_RestoreOriginal_AsScheduled() => WithStuckAsync(async handle =>
    {
        await Service.UpdateActivityOptionsAsync(new()
        {
            Namespace = "default",
            Execution = Run,
            Type = nameof(StuckActivities.Try),
            ActivityOptions = new() { HeartbeatTimeout = Duration.FromTimeSpan(TimeSpan.FromSeconds(7)) },
            UpdateMask = new() { Paths = { "heartbeat_timeout" } },
        });
        Assert.Equal(TimeSpan.FromSeconds(7), (await PendingAsync()).ActivityOptions.HeartbeatTimeout.ToTimeSpan());
        await Service.UpdateActivityOptionsAsync(
            new() { Namespace = "default", Execution = Run, Id = "stuck", RestoreOriginal = true });
        Assert.Equal(TimeSpan.Zero, (await PendingAsync()).ActivityOptions.HeartbeatTimeout.ToTimeSpan());
        await handle.TerminateAsync();
    });

    [Fact]
    public Task Pause_InBackoff_WaitsUntilItIsUnpaused() => WithStuckAsync(async handle =>
    {
        var pause = new PauseActivityRequest
        {
            Namespace = "default",
            Execution = Run,
            Id = "stuck",
            Identity = "operator",
            Reason = "database is down",
            RequestId = _id,
        };
        await Service.PauseActivityAsync(pause);
        await Service.PauseActivityAsync(pause);
        var paused = await PendingAsync();
        Assert.Equal(PendingActivityState.Paused, paused.State);
        Assert.True(paused.Paused);
        Assert.Equal("database is down", paused.PauseInfo.Manual.Reason);
        Assert.Null(paused.NextAttemptScheduleTime);
        pause.RequestId = "another";
        await ServerFixture.FaultAsync(
            RpcException.StatusCode.FailedPrecondition, () => Service.PauseActivityAsync(pause));
        StuckActivities.Repair(_id);
        await Service.UnpauseActivityAsync(new() { Namespace = "default", Execution = Run, Id = "stuck" });
        Assert.Equal(2, await handle.GetResultAsync());
    });

    [Fact]
    public Task Reset_InBackoff_FirstAttemptComesAtOnce() => WithStuckAsync(async handle =>
    {
        StuckActivities.Repair(_id);
        await Service.ResetActivityAsync(new() { Namespace = "default", Execution = Run, Id = "stuck" });
        Assert.Equal(1, await handle.GetResultAsync());
    });

    [Fact]
    public async Task Pause_WhileItRuns_WorkerLearnsItAndNoAttemptFollows()
    {
        using var worker = Worker();
        await worker.ExecuteAsync(async () =>
        {
            var handle =
                await server.Client.StartWorkflowAsync((WorkingActivityWorkflow w) => w.RunAsync(), new(_id, _id));
            await WaitAsync(pending => pending.State == PendingActivityState.Started);
            await Service.PauseActivityAsync(
                new() { Namespace = "default", Execution = Run, Id = "working", RequestId = _id });
            var paused = await WaitAsync(pending => pending.State == PendingActivityState.Paused);
            Assert.Equal(2, paused.Attempt);
            StuckActivities.Repair(_id);
            await Service.UnpauseActivityAsync(
                new()
                {
                    Namespace = "default",
                    Execution = Run,
                    Id = "working",
                    ResetAttempts = true,
                    ResetHeartbeat = true,
                });
            Assert.Equal(1, await handle.GetResultAsync());
        });
    }

    [Fact]
    public Task NewerNames_PauseUpdateResetUnpause_DoTheSame() => WithStuckAsync(async handle =>
    {
        await Service.PauseActivityExecutionAsync(
            new() { Namespace = "default", WorkflowId = _id, ActivityId = "stuck", Reason = "test", RequestId = _id });
        Assert.Equal(PendingActivityState.Paused, (await PendingAsync()).State);
        var answer = await Service.UpdateActivityExecutionOptionsAsync(new()
        {
            Namespace = "default",
            WorkflowId = _id,
            ActivityId = "stuck",
            ActivityOptions = new() { StartToCloseTimeout = Duration.FromTimeSpan(TimeSpan.FromMinutes(3)) },
            UpdateMask = new() { Paths = { "start_to_close_timeout" } },
        });
        Assert.Equal(TimeSpan.FromMinutes(3), answer.ActivityOptions.StartToCloseTimeout.ToTimeSpan());
        await Service.ResetActivityExecutionAsync(
            new() { Namespace = "default", WorkflowId = _id, ActivityId = "stuck", KeepPaused = true });
        StuckActivities.Repair(_id);
        await Service.UnpauseActivityExecutionAsync(
            new() { Namespace = "default", WorkflowId = _id, ActivityId = "stuck" });
        Assert.Equal(1, await handle.GetResultAsync());
    });

    [Fact]
    public Task Control_NoSuchActivity_NotFound() => WithStuckAsync(async handle =>
    {
        await ServerFixture.FaultAsync(RpcException.StatusCode.NotFound, () => Service.ResetActivityAsync(
            new() { Namespace = "default", Execution = Run, Id = "another" }));
        await ServerFixture.FaultAsync(RpcException.StatusCode.InvalidArgument, () => Service.UnpauseActivityAsync(
            new() { Namespace = "default", Execution = Run }));
        await handle.TerminateAsync();
        await ServerFixture.FaultAsync(RpcException.StatusCode.NotFound, () => Service.ResetActivityAsync(
            new() { Namespace = "default", Execution = Run, Id = "stuck" }));
    });

    private TemporalWorker Worker() => server.Worker(
        _id, options => options.AddWorkflow<StuckActivityWorkflow>().AddWorkflow<WorkingActivityWorkflow>());

    /// <summary>Runs a test when the first attempt has failed and the second is an hour away.</summary>
    private async Task WithStuckAsync(Func<WorkflowHandle<StuckActivityWorkflow, int>, Task> test)
    {
        using var worker = Worker();
        await worker.ExecuteAsync(async () =>
        {
            var handle =
                await server.Client.StartWorkflowAsync((StuckActivityWorkflow w) => w.RunAsync(), new(_id, _id));
            await WaitAsync(pending => pending.NextAttemptScheduleTime != null);
            await test(handle);
        });
    }

    private async Task<PendingActivityInfo> WaitAsync(Func<PendingActivityInfo, bool> satisfies) =>
        (await TestEnvironments.EventuallyAsync(DescribeAsync, found => found != null && satisfies(found)))!;

    private async Task<PendingActivityInfo> PendingAsync() => (await DescribeAsync())!;

    private async Task<PendingActivityInfo?> DescribeAsync() => (await Service.DescribeWorkflowExecutionAsync(
        new() { Namespace = "default", Execution = Run })).PendingActivities.SingleOrDefault();
}
