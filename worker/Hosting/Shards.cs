using Nstance.Temporal.Workflows;

namespace Nstance.Temporal.Worker.Hosting;

/// <summary>One collector among all, as <c>status</c> lists it.</summary>
/// <param name="WorkflowId">Its workflow id.</param>
/// <param name="Status">Null: it did not answer.</param>
/// <param name="Error">Why it did not answer; null: it did.</param>
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

    /// <summary>Queries all of them; one that does not answer is listed with the reason.</summary>
    /// <param name="client">The connection.</param>
    /// <param name="cluster">Only this cluster; null: all.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<IReadOnlyList<ShardLine>> AskAsync(
        TemporalClient client, string? cluster, CancellationToken cancellationToken)
    {
        var rpc = new RpcOptions { CancellationToken = cancellationToken };
        var ids = new SortedSet<string>(StringComparer.Ordinal);
        await foreach (var run in client.ListWorkflowsAsync(Running, new() { Rpc = rpc }))
        {
            // By id: a namespace whose attributes are not registered has its collectors too.
            if (cluster is null || run.Id.StartsWith(Names.GcWorkflowId(cluster, ""), StringComparison.Ordinal))
                ids.Add(run.Id);
        }

        if (ids.Count > 0 && await Pollers.WaitAsync(client, rpc) is { LastPoll: null } none)
            return [.. ids.Select(id => new ShardLine(id, null, none.Why))];
        using var places = new SemaphoreSlim(MaxAtATime);
        return await Task.WhenAll(ids.Select(async id =>
        {
            await places.WaitAsync(cancellationToken);
            try
            {
                return await AskAsync(client.GetWorkflowHandle<GcWorkflow>(id), cancellationToken);
            }
            finally
            {
                places.Release();
            }
        }));
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
