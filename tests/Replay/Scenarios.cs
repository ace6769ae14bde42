using Nstance.Temporal.Activities.Reconcile;
using Nstance.Temporal.Tests.Flows;
using Nstance.Temporal.Workflows;
using Temporalio.Client;

namespace Nstance.Temporal.Tests.Replay;

/// <summary>Real runs with fake activities, one for each committed history.</summary>
internal static class Scenarios
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    public static IReadOnlyDictionary<string, Func<Stage, Task<WorkflowHandle>>> All { get; } =
        new Dictionary<string, Func<Stage, Task<WorkflowHandle>>>
        {
            ["quiet-cycles"] = QuietCyclesAsync,
            ["run-cycle"] = RunCycleAsync,
            ["pause-resume"] = PauseResumeAsync,
            ["host-lost"] = HostLostAsync,
            ["keep-alive"] = KeepAliveAsync,
            ["reconciler"] = ReconcilerAsync,
        };

    private static async Task<WorkflowHandle> QuietCyclesAsync(Stage stage)
    {
        var collector = await stage.StartAsync();
        await stage.PassAsync(7 * Minute);
        return collector;
    }

    private static async Task<WorkflowHandle> RunCycleAsync(Stage stage)
    {
        var collector = await stage.StartAsync();
        await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(true)));
        await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)));
        await stage.PassAsync(3 * Minute);
        return collector;
    }

    private static async Task<WorkflowHandle> PauseResumeAsync(Stage stage)
    {
        var collector = await stage.StartAsync();
        await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)));
        await collector.ExecuteUpdateAsync(w => w.PauseAsync(new("look first") { By = "ann" }));
        await stage.PassAsync(5 * Minute);
        await collector.ExecuteUpdateAsync(w => w.ResumeAsync(new() { By = "ann" }));
        await stage.PassAsync(3 * Minute);
        return collector;
    }

    private static async Task<WorkflowHandle> HostLostAsync(Stage stage)
    {
        var collector = await stage.StartAsync();
        await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)));
        await stage.LeaveAsync(stage.First);
        stage.Gc.Host = stage.Second;
        stage.Arrive(stage.Second);
        await stage.PassAsync(4 * Minute);
        return collector;
    }

    private static async Task<WorkflowHandle> KeepAliveAsync(Stage stage)
    {
        var input = stage.Input();
        var launcher = await stage.Client.StartWorkflowAsync(
            (KeepAliveWorkflow w) => w.RunAsync(input),
            new(Names.KeepAliveWorkflowId(stage.Shard.Cluster, stage.Shard.Shard), Names.TaskQueue));
        await launcher.GetResultAsync();
        return launcher;
    }

    private static async Task<WorkflowHandle> ReconcilerAsync(Stage stage)
    {
        var sink = new ReconcilerEventSink(stage.Client, stage.First, Minute);
        var now = DateTimeOffset.UnixEpoch;
        await sink.SendAsync(
            stage.Shard,
            new("first", [Events.Check("i-1", now), Events.Check("i-2", now), Events.Changed("web", now)]),
            CancellationToken.None);
        await stage.PassAsync(Minute);
        await sink.SendAsync(stage.Shard, new("second", [Events.Check("i-2", now)]), CancellationToken.None);
        await stage.PassAsync(Minute);
        return stage.Reconciler;
    }
}
