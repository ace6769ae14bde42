using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Worker.Options;
using Nstance.Temporal.Workflows;
using Temporalio.Worker;

namespace Nstance.Temporal.Worker.Commands;

/// <summary>
/// <c>nstance-gc replay</c>: replays the running workflows of a namespace with the code of this program, before a
/// roll-out. Changes nothing.
/// </summary>
internal static class ReplayCommand
{
    private const string Help = """
        Replay the histories of running collectors with this program's workflows, before a roll-out: which would break?
        Give --cluster and --shard for one shard alone. It changes nothing, and ends with 1 when one would break.
          nstance-gc replay --address temporal:7233
        """;

    private static readonly string[] Types =
        [nameof(GcWorkflow), nameof(ReconcilerWorkflow), nameof(KeepAliveWorkflow)];

    public static Command Make(CommandLine line) =>
        line.Make("replay", Help, Arguments.Shard(), async invocation =>
        {
            var options = invocation.Read();
            if (options.Cluster is null != options.Shard is null)
                throw CommandException.BadInput("give both --cluster and --shard, or neither for all shards");
            var client = await invocation.ConnectAsync(options);
            var all = await RunAsync(client, options, invocation.CancellationToken);
            var broken = all.Where(history => history.Why is not null).ToList();
            invocation.Write(new { replayed = all.Count, broken }, screen =>
            {
                foreach (var history in broken) screen.Line($"would break: {history.WorkflowId}: {history.Why}");
                screen.Line($"{all.Count} histories replayed, {broken.Count} would break");
            });
            return broken.Count == 0 ? ExitCode.Done : ExitCode.Failed;
        });

    private static async Task<IReadOnlyList<Replayed>> RunAsync(
        TemporalClient client, GcOptions options, CancellationToken cancellationToken)
    {
        var replayer = new WorkflowReplayer(new WorkflowReplayerOptions
        {
            DataConverter = client.Options.DataConverter,
            Runtime = ProcessRuntime.Instance,
        }.AddWorkflow<GcWorkflow>().AddWorkflow<KeepAliveWorkflow>().AddWorkflow<ReconcilerWorkflow>());
        string[]? ids = options is { Cluster: { } cluster, Shard: { } shard }
            ? [Names.GcWorkflowId(cluster, shard), Names.ReconcilerWorkflowId(cluster, shard)]
            : null;
        var rpc = new RpcOptions { CancellationToken = cancellationToken };
        var all = new List<Replayed>();
        foreach (var type in Types)
        {
            var query = $"WorkflowType = '{type}' AND ExecutionStatus = 'Running'";
            await foreach (var run in client.ListWorkflowsAsync(query).WithCancellation(cancellationToken))
            {
                if (ids?.Contains(run.Id) is false) continue;
                var history = await client.GetWorkflowHandle(run.Id, run.RunId).FetchHistoryAsync(new() { Rpc = rpc });

                // A run without a completed task has no decision that could break.
                if (!history.Events.Any(e => e.WorkflowTaskCompletedEventAttributes is not null)) continue;
                var failure = (await replayer.ReplayWorkflowAsync(
                    history, throwOnReplayFailure: false, cancellationToken)).ReplayFailure;
                all.Add(new(run.Id, run.RunId, failure is null ? null : Failure.FirstLine(failure.Message)));
            }
        }

        return all;
    }

    /// <summary>A running workflow, and why it would break; null: it would not.</summary>
    private sealed record Replayed(string WorkflowId, string RunId, string? Why);
}
