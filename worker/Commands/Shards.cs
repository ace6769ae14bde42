using Nstance.Temporal.Workflows;
using Temporalio.Client;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Worker.Commands;

/// <summary>One collector among all, as <c>status</c> lists it.</summary>
/// <param name="WorkflowId">Its workflow id.</param>
/// <param name="Status">Null: it did not answer.</param>
/// <param name="Error">Why it did not answer; null: it did.</param>
internal sealed record ShardLine(string WorkflowId, GcStatus? Status, string? Error);

/// <summary>Every collector of a namespace.</summary>
internal static class Shards
{
    private const string Running = "WorkflowType = 'GcWorkflow' AND ExecutionStatus = 'Running'";

    // Each question goes through a worker: enough at a time to be quick, few enough not to crowd out cycles.
    private const int AtATime = 8;

    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Asks all of them; one that does not answer is listed with its reason.</summary>
    public static async Task<IReadOnlyList<ShardLine>> AskAsync(TemporalClient client, CancellationToken cancellationToken)
    {
        var ids = new SortedSet<string>(StringComparer.Ordinal);
        await foreach (var run in client.ListWorkflowsAsync(Running, new() { Rpc = new() { CancellationToken = cancellationToken } }))
            ids.Add(run.Id);
        using var places = new SemaphoreSlim(AtATime);
        return await Task.WhenAll(ids.Select(async id =>
        {
            await places.WaitAsync(cancellationToken);
            try
            {
                return await AskAsync(client, id, cancellationToken);
            }
            finally
            {
                places.Release();
            }
        }));
    }

    private static async Task<ShardLine> AskAsync(TemporalClient client, string id, CancellationToken cancellationToken)
    {
        try
        {
            var status = await client.GetWorkflowHandle<GcWorkflow>(id).QueryAsync(
                workflow => workflow.Status(), new() { Rpc = new() { Timeout = AnswerTimeout, CancellationToken = cancellationToken } });
            return new(id, status, null);
        }
        catch (TemporalException e) when (!cancellationToken.IsCancellationRequested)
        {
            return new(id, null, Failure.Of(e).Lines[0]);
        }
    }
}
