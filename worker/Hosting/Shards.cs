using Nstance.Temporal.Workflows;

namespace Nstance.Temporal.Worker.Hosting;

/// <summary>One collector among all, as <c>status</c> lists it.</summary>
/// <param name="WorkflowId">Its workflow id.</param>
/// <param name="Status">Null: it did not answer.</param>
/// <param name="Error">Why it did not answer; null: it did.</param>
internal sealed record ShardLine(string WorkflowId, GcStatus? Status, string? Error);

/// <summary>Every collector of a namespace.</summary>
internal static class Shards
{
    private const string Running = $"WorkflowType = '{nameof(GcWorkflow)}' AND ExecutionStatus = 'Running'";

    // A worker answers each query: enough at a time to be quick, few enough to leave room for cycles.
    private const int MaxAtATime = 8;

    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Queries all of them; one that does not answer is listed with the reason.</summary>
    public static async Task<IReadOnlyList<ShardLine>> AskAsync(
        TemporalClient client, CancellationToken cancellationToken)
    {
        var rpc = new RpcOptions { CancellationToken = cancellationToken };
        var ids = new SortedSet<string>(StringComparer.Ordinal);
        await foreach (var run in client.ListWorkflowsAsync(Running, new() { Rpc = rpc })) ids.Add(run.Id);
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
