using System.Collections.Concurrent;
using Nstance.Temporal.Workflows;

namespace Nstance.Temporal.Worker.Hosting;

/// <summary>One collector among all, as <c>status</c> lists it: its status, or why it did not answer.</summary>
internal sealed record ShardLine(string WorkflowId, GcStatus? Status, string? Error)
{
    /// <summary>Cluster and shard, as people write them.</summary>
    public string Name => WorkflowId.StartsWith(Prefix, StringComparison.Ordinal)
        ? WorkflowId[Prefix.Length..]
        : WorkflowId;

    private static string Prefix { get; } = Names.GcWorkflowId("", "").TrimEnd('/') + "/";
}

/// <summary>Every collector of a namespace.</summary>
internal static class Shards
{
    private const string Running = $"WorkflowType = '{nameof(GcWorkflow)}' AND ExecutionStatus = 'Running'";

    // A worker answers each query: enough at a time to be quick, few enough to leave room for cycles.
    private const int MaxAtATime = 8;

    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Queries all, or those of a cluster; one that does not answer is listed with the reason.</summary>
    public static async Task<IReadOnlyList<ShardLine>> AskAsync(
        TemporalClient client, string? cluster, CancellationToken cancellationToken)
    {
        var rpc = new RpcOptions { CancellationToken = cancellationToken };
        var ids = new HashSet<string>();
        await foreach (var run in client.ListWorkflowsAsync(Running, new() { Rpc = rpc }))
        {
            // By id: a namespace whose attributes are not registered has its collectors too.
            if (cluster is null || run.Id.StartsWith(Names.GcWorkflowId(cluster, ""), StringComparison.Ordinal))
                ids.Add(run.Id);
        }

        if (ids.Count > 0 && await Pollers.WaitAsync(client, rpc) is { LastPoll: null } none)
            return [.. ids.Order(StringComparer.Ordinal).Select(id => new ShardLine(id, null, none.Why))];
        var lines = new ConcurrentBag<ShardLine>();
        var limit = new ParallelOptions { MaxDegreeOfParallelism = MaxAtATime, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(ids, limit, async (id, token) =>
            lines.Add(await AskAsync(client.GetWorkflowHandle<GcWorkflow>(id), token)));
        return [.. lines.OrderBy(line => line.WorkflowId, StringComparer.Ordinal)];
    }

    private static async Task<ShardLine> AskAsync(
        WorkflowHandle<GcWorkflow> handle, CancellationToken cancellationToken)
    {
        try
        {
            var rpc = new RpcOptions { Timeout = AnswerTimeout, CancellationToken = cancellationToken };
            return new(handle.Id, await handle.QueryAsync(workflow => workflow.Status(), new() { Rpc = rpc }), null);
        }
        catch (TemporalException e) when (!cancellationToken.IsCancellationRequested)
        {
            return new(handle.Id, null, Failure.Of(e).Lines[0]);
        }
    }
}
