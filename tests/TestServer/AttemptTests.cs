using Nstance.Temporal.Tests.Support;
using Temporalio.Api.Enums.V1;
using Temporalio.Client;
using Temporalio.Exceptions;
using Temporalio.Worker;

namespace Nstance.Temporal.Tests.TestServer;

/// <summary>Attempts of activities: what the next attempt gets, when it starts, and what ends it.</summary>
public sealed class AttemptTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private readonly string _id = "attempt-" + Guid.NewGuid();

    [Fact]
    public async Task Heartbeat_AttemptFails_DetailsReachTheNext()
    {
        using var worker = Worker();
        var handle = await StartAsync(nameof(AttemptActivities.LeaveTrace));
        Assert.Equal("41", (await worker.ExecuteAsync(() => handle.GetResultAsync())).Text);
    }

    [Fact]
    public async Task NextRetryDelay_NamedByTheFailure_WinsOverThePolicy()
    {
        Assert.SkipUnless(server.Skips, "an hour is too long in real time");
        using var worker = Worker();
        var handle = await StartAsync(nameof(AttemptActivities.ComeBackInAnHour));
        var answer = await worker.ExecuteAsync(() => handle.GetResultAsync());
        Assert.Equal("2", answer.Text);
        Assert.InRange(answer.Took, TimeSpan.FromHours(1), TimeSpan.FromHours(1) + TimeSpan.FromMinutes(5));
    }

    [Fact]
    public async Task LeftOpen_CompletedById_WorkflowGetsTheResult()
    {
        using var worker = Worker();
        var handle = await StartAsync(nameof(AttemptActivities.LeaveOpen));
        await worker.ExecuteAsync(async () =>
        {
            var open = server.Client.GetAsyncActivityHandle(_id, handle.ResultRunId!, "the-activity");
            await TestEnvironments.EventuallyAsync(async () =>
            {
                await open.HeartbeatAsync(new() { Details = [7] });
                return true;
            });
            var pending = Assert.Single((await server.Client.Connection.WorkflowService.DescribeWorkflowExecutionAsync(
                new() { Namespace = "default", Execution = new() { WorkflowId = _id } })).PendingActivities);
            Assert.Equal("the-activity", pending.ActivityId);
            Assert.Equal(PendingActivityState.Started, pending.State);
            Assert.Single(pending.HeartbeatDetails.Payloads_);
            await open.CompleteAsync("from outside");
            Assert.Equal("from outside", (await handle.GetResultAsync()).Text);
        });
    }

    [Fact]
    public async Task LeftOpen_FailedByToken_NextAttemptGetsTheFailure()
    {
        var handle = await StartAsync(nameof(AttemptActivities.LeaveOpen));
        using var worker = Worker(options => options.Activities.Clear());
        await worker.ExecuteAsync(async () =>
        {
            var service = server.Client.Connection.WorkflowService;
            var first = await service.PollActivityTaskQueueAsync(
                new() { Namespace = "default", TaskQueue = new() { Name = _id } });
            await server.Client.GetAsyncActivityHandle(first.TaskToken.ToByteArray())
                .FailAsync(new ApplicationFailureException("no"));
            var second = await service.PollActivityTaskQueueAsync(
                new() { Namespace = "default", TaskQueue = new() { Name = _id } });
            Assert.Equal(2, second.Attempt);
            await ServerFixture.FaultAsync(
                RpcException.StatusCode.NotFound,
                () => server.Client.GetAsyncActivityHandle(first.TaskToken.ToByteArray()).CompleteAsync("late"));
            await server.Client.GetAsyncActivityHandle(second.TaskToken.ToByteArray()).CompleteAsync("second");
            Assert.Equal("second", (await handle.GetResultAsync()).Text);
        });
    }

    [Theory]
    [InlineData(
        true,
        "ScheduleToClose",
        "Not enough time to schedule next retry before activity ScheduleToClose timeout, giving up retrying")]
    [InlineData(false, nameof(ApplicationFailureException), "not yet")]
    public async Task ScheduleToClose_TooShortForAnotherAttempt_EndsAtOnce(bool hangs, string type, string message)
    {
        using var worker = Worker(options => options
            .AddAllActivities(typeof(SlowActivities), null).AddWorkflow<HurriedWorkflow>());
        var ending = await worker.ExecuteAsync(
            () => server.Client.ExecuteWorkflowAsync((HurriedWorkflow w) => w.RunAsync(hangs), new(_id, _id)));
        Assert.Equal(new(type, message, HurriedWorkflow.RetryState.Timeout), ending);
    }

    private Task<WorkflowHandle<AttemptWorkflow, AttemptWorkflow.Answer>> StartAsync(string activity) =>
        server.Client.StartWorkflowAsync((AttemptWorkflow w) => w.RunAsync(activity), new(_id, _id));

    private TemporalWorker Worker(Action<TemporalWorkerOptions>? more = null) => server.Worker(_id, options =>
    {
        options.AddAllActivities(typeof(AttemptActivities), null).AddWorkflow<AttemptWorkflow>();
        more?.Invoke(options);
    });
}
