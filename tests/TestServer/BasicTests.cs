using Nstance.Temporal.Tests.Support;
using Temporalio.Client;
using Temporalio.Exceptions;
using Temporalio.Worker;

namespace Nstance.Temporal.Tests.TestServer;

public sealed class BasicTests(TemporalServerFixture server) : IClassFixture<TemporalServerFixture>
{
    private readonly string _queue = "queue-" + Guid.NewGuid();

    private WorkflowOptions Options(string id) => new($"{id}-{Guid.NewGuid()}", _queue);

    private TemporalWorker Worker() => new(
        server.Client,
        new TemporalWorkerOptions(_queue) { MaxHeartbeatThrottleInterval = TimeSpan.FromMilliseconds(200) }
            .AddAllActivities(typeof(BasicActivities), null)
            .AddWorkflow<GreetingWorkflow>()
            .AddWorkflow<RetryingWorkflow>()
            .AddWorkflow<SleepingWorkflow>()
            .AddWorkflow<CountingWorkflow>()
            .AddWorkflow<MailboxWorkflow>()
            .AddWorkflow<ParentWorkflow>()
            .AddWorkflow<CancellableWorkflow>());

    [Fact]
    public async Task Activity_Completes_ResultReachesCaller()
    {
        using var worker = Worker();
        var result = await worker.ExecuteAsync(
            () => server.Client.ExecuteWorkflowAsync((GreetingWorkflow w) => w.RunAsync("you"), Options("greet")));
        Assert.Equal("Hello, you", result);
    }

    [Fact]
    public async Task Activity_FailsTwice_ThirdAttemptCounts()
    {
        using var worker = Worker();
        var result = await worker.ExecuteAsync(
            () => server.Client.ExecuteWorkflowAsync((RetryingWorkflow w) => w.RunAsync(3), Options("retry")));
        Assert.Equal(3, result);
    }

    [Fact]
    public async Task Timer_ThirtyDays_IsSkipped()
    {
        server.RequireTimeSkipping();
        using var worker = Worker();
        var slept = await worker.ExecuteAsync(() => server.Client.ExecuteWorkflowAsync(
            (SleepingWorkflow w) => w.RunAsync(TimeSpan.FromDays(30)), Options("sleep")));
        Assert.InRange(slept, TimeSpan.FromDays(30), TimeSpan.FromDays(30) + TimeSpan.FromHours(1));
    }

    [Fact]
    public async Task ContinueAsNew_FiveTimes_LastRunAnswers()
    {
        using var worker = Worker();
        var total = await worker.ExecuteAsync(
            () => server.Client.ExecuteWorkflowAsync((CountingWorkflow w) => w.RunAsync(5, 0), Options("count")));
        Assert.Equal(5, total);
    }

    [Fact]
    public async Task SignalsQueriesUpdates_InOneRun_AllSeenAndReplayable()
    {
        using var worker = Worker();
        await worker.ExecuteAsync(async () =>
        {
            var handle = await server.Client.StartWorkflowAsync((MailboxWorkflow w) => w.RunAsync(), Options("mail"));
            await handle.SignalAsync(w => w.AddAsync("a"));
            Assert.Equal(2, await handle.ExecuteUpdateAsync(w => w.PutAsync("b")));
            Assert.Equal(2, await handle.QueryAsync(w => w.Count()));
            var rejected = await Assert.ThrowsAsync<WorkflowUpdateFailedException>(
                () => handle.ExecuteUpdateAsync(w => w.PutAsync("")));
            Assert.Equal("empty", rejected.InnerException!.Message);
            await handle.ExecuteUpdateAsync(w => w.FinishAsync());
            Assert.Equal(["a", "b"], await handle.GetResultAsync());
            Assert.Equal(2, await handle.QueryAsync(w => w.Count()));
            var history = await handle.FetchHistoryAsync();
            var replayer = new WorkflowReplayer(new WorkflowReplayerOptions().AddWorkflow<MailboxWorkflow>());
            await replayer.ReplayWorkflowAsync(history);
        });
    }

    [Fact]
    public async Task Child_OfClosedParent_IsTerminatedByPolicy()
    {
        using var worker = Worker();
        await worker.ExecuteAsync(async () =>
        {
            var childId = "child-" + Guid.NewGuid();
            var result = await server.Client.ExecuteWorkflowAsync(
                (ParentWorkflow w) => w.RunAsync(childId), Options("parent"));
            Assert.Equal("Hello, child", result);
            var failed = await Assert.ThrowsAsync<WorkflowFailedException>(
                () => server.Client.GetWorkflowHandle(childId).GetResultAsync());
            Assert.IsType<TerminatedFailureException>(failed.InnerException);
        });
    }

    [Fact]
    public async Task Cancel_RunningActivity_ReachesItByHeartbeat()
    {
        using var worker = Worker();
        await worker.ExecuteAsync(async () =>
        {
            var handle = await server.Client.StartWorkflowAsync(
                (CancellableWorkflow w) => w.RunAsync(), Options("cancel"));
            await handle.CancelAsync();
            var failed = await Assert.ThrowsAsync<WorkflowFailedException>(() => handle.GetResultAsync());
            Assert.IsType<CanceledFailureException>(failed.InnerException);
        });
    }

    [Fact]
    public async Task Start_IdInUse_AlreadyStarted()
    {
        var options = Options("twice");
        await server.Client.StartWorkflowAsync((MailboxWorkflow w) => w.RunAsync(), options);
        await Assert.ThrowsAsync<WorkflowAlreadyStartedException>(
            () => server.Client.StartWorkflowAsync((MailboxWorkflow w) => w.RunAsync(), options));
        await server.Client.GetWorkflowHandle(options.Id!).TerminateAsync("end of test");
    }
}
