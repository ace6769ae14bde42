using Nstance.Temporal.TestServer.Hosting;
using Temporalio.Client;
using Temporalio.Worker;

namespace Nstance.Temporal.Tests.TestServer;

public sealed class ActivityTimeoutTests : IAsyncLifetime
{
    private EmbeddedWorkflowEnvironment? _env;

    private EmbeddedWorkflowEnvironment Env => _env ?? throw new InvalidOperationException("not started");

    public async ValueTask InitializeAsync() => _env = await EmbeddedWorkflowEnvironment.StartAsync();

    public async ValueTask DisposeAsync() => await Env.DisposeAsync();

    [Fact]
    public async Task ScheduleToStart_QueueWithoutWorker_EndsAfterItInSkippedTime() =>
        Check(
            await RunAsync(new(ToStart: 3_600, ToClose: 60, Heartbeat: 0, Whole: 0, Queue: "nobody", Attempts: 5)),
            TimeoutType.ScheduleToStart,
            3_600);

    [Fact]
    public async Task ScheduleToClose_WorkerNeverAnswers_EndsBeforeStartToClose() =>
        Check(await RunAsync(new(ToStart: 0, ToClose: 600, Heartbeat: 0, Whole: 1)), TimeoutType.ScheduleToClose, 1);

    [Fact]
    public async Task StartToClose_WorkerNeverAnswers_EndsInRealTime() =>
        Check(await RunAsync(new(ToStart: 0, ToClose: 0.3, Heartbeat: 0, Whole: 0)), TimeoutType.StartToClose, 0.3);

    [Fact]
    public async Task Heartbeat_NeverBeats_EndsBeforeStartToClose() =>
        Check(await RunAsync(new(ToStart: 0, ToClose: 600, Heartbeat: 0.3, Whole: 0)), TimeoutType.Heartbeat, 0.3);

    [Fact]
    public async Task Cycle_ManyRunsOfCyclesWithTimers_EveryCycleHappensInSkippedTime()
    {
        const int Cycles = 30;
        using var worker = Worker();
        var before = await Env.GetCurrentTimeAsync();
        var done = await worker.ExecuteAsync(
            () => Env.Client.ExecuteWorkflowAsync(
                (CyclingWorkflow w) => w.RunAsync(Cycles, 7, 0), new("cycle", "queue")));
        Assert.Equal(Cycles, done);
        var min = Cycles * TimeSpan.FromMinutes(2);
        Assert.InRange(await Env.GetCurrentTimeAsync() - before, min, min + TimeSpan.FromMinutes(10));
    }

    private static void Check(TimeoutWorkflow.Ending ending, TimeoutType type, double seconds)
    {
        Assert.Equal(type, ending.Type);
        // The rest is real time that a busy machine may take.
        Assert.InRange(ending.Seconds, seconds, seconds + 60);
    }

    private TemporalWorker Worker() => new(
        Env.Client,
        new TemporalWorkerOptions("queue")
            .AddAllActivities(typeof(BasicActivities), null)
            .AddAllActivities(typeof(SlowActivities), null)
            .AddWorkflow<TimeoutWorkflow>()
            .AddWorkflow<CyclingWorkflow>());

    private async Task<TimeoutWorkflow.Ending> RunAsync(TimeoutWorkflow.Limits limits)
    {
        using var worker = Worker();
        return await worker.ExecuteAsync(
            () => Env.Client.ExecuteWorkflowAsync((TimeoutWorkflow w) => w.RunAsync(limits), new("timeout", "queue")));
    }
}
