using System.CommandLine;
using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Worker.Options;
using Nstance.Temporal.Workflows;
using Temporalio.Client;
using Temporalio.Worker;

namespace Nstance.Temporal.Worker.Commands;

/// <summary>
/// <c>nstance-gc replay</c>: replays what runs in a namespace with the workflows of this program, before it is rolled out.
/// Changes nothing.
/// </summary>
internal static class ReplayCommand
{
    private const string Help = """
        Replay the histories of running collectors with this program's workflows, before a roll-out: which would break?
        Give --cluster and --shard for one shard alone. It changes nothing, and ends with 1 when one would break.
          nstance-gc replay --address temporal:7233
        """;

    private static readonly string[] Types = [nameof(GcWorkflow), nameof(ReconcilerWorkflow), nameof(KeepAliveWorkflow)];

    public static Command Make(CommandLine line) =>
        line.Make("replay", Help, Settings.Named("Cluster", "Shard"), async invocation =>
        {
            var options = invocation.Read();
            if (options.Cluster is null != options.Shard is null)
                throw new CommandException(ExitCode.BadInput, "give both --cluster and --shard, or neither for all shards");
            var client = await invocation.ConnectAsync(options);
            var result = await RunAsync(client, options, invocation.CancellationToken);
            invocation.Write(result, screen =>
            {
                foreach (var broken in result.Broken) screen.Output.WriteLine($"would break: {broken.WorkflowId}: {broken.Why}");
                screen.Output.WriteLine($"{result.Replayed} histories replayed, {result.Broken.Count} would break");
            });
            return result.Broken.Count == 0 ? ExitCode.Done : ExitCode.Failed;
        });

    private static async Task<ReplayResult> RunAsync(TemporalClient client, GcOptions options, CancellationToken cancellationToken)
    {
        var replayer = new WorkflowReplayer(new WorkflowReplayerOptions
        {
            DataConverter = client.Options.DataConverter,
            Runtime = ProcessRuntime.Instance,
        }.AddWorkflow<GcWorkflow>().AddWorkflow<KeepAliveWorkflow>().AddWorkflow<ReconcilerWorkflow>());
        var ids = options is { Cluster: { } cluster, Shard: { } shard }
            ? new[] { Names.GcWorkflowId(cluster, shard), Names.ReconcilerWorkflowId(cluster, shard) } : null;
        var (replayed, broken) = (0, new List<BrokenHistory>());
        foreach (var type in Types)
        {
            var query = $"WorkflowType = '{type}' AND ExecutionStatus = 'Running'";
            await foreach (var execution in client.ListWorkflowsAsync(query).WithCancellation(cancellationToken))
            {
                if (ids?.Contains(execution.Id) is false) continue;
                var history = await client.GetWorkflowHandle(execution.Id, execution.RunId)
                    .FetchHistoryAsync(new() { Rpc = new() { CancellationToken = cancellationToken } });

                // Nothing was decided yet: there is nothing that could break.
                if (!history.Events.Any(e => e.WorkflowTaskCompletedEventAttributes is not null)) continue;
                replayed++;
                if ((await replayer.ReplayWorkflowAsync(history, throwOnReplayFailure: false, cancellationToken)).ReplayFailure is { } failure)
                    broken.Add(new(execution.Id, execution.RunId, TemporalConnector.FirstLine(failure.Message)));
            }
        }

        return new(replayed, broken);
    }
}

/// <summary>Outcome of <c>nstance-gc replay</c>.</summary>
/// <param name="Replayed">Histories of running workflows.</param>
/// <param name="Broken">Those that this program's workflows cannot go on with.</param>
internal sealed record ReplayResult(int Replayed, IReadOnlyList<BrokenHistory> Broken);

/// <summary>A running workflow that would break.</summary>
internal sealed record BrokenHistory(string WorkflowId, string RunId, string Why);
