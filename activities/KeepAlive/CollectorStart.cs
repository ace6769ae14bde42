using Nstance.Temporal.Workflows;
using Temporalio.Api.Enums.V1;
using Temporalio.Client;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Activities.KeepAlive;

/// <summary>Starts collectors.</summary>
public static class CollectorStart
{
    private const string Reasons = "unhealthy, never registered, or unknown";

    /// <summary>
    /// Returns options that start a shard's collector, or find the running one; a shard never has two.
    /// </summary>
    /// <param name="shard">The shard.</param>
    /// <param name="attributes">
    /// Names of the search attributes that the namespace has; it refuses a start with others. Null: all of
    /// <see cref="Names.SearchAttributes"/>.
    /// </param>
    public static WorkflowOptions Options(ShardRef shard, IReadOnlyCollection<string>? attributes = null)
    {
        ArgumentNullException.ThrowIfNull(shard);
        var schedule = Names.ScheduleId(shard.Cluster, shard.Shard);
        return new(Names.GcWorkflowId(shard.Cluster, shard.Shard), Names.TaskQueue)
        {
            IdConflictPolicy = WorkflowIdConflictPolicy.UseExisting,
            IdReusePolicy = WorkflowIdReusePolicy.AllowDuplicate,
            StaticSummary = $"Garbage collector of {shard.Cluster}/{shard.Shard}",
            StaticDetails =
                $"""
                Terminates instances of shard `{shard.Shard}` of cluster `{shard.Cluster}` that are {Reasons},
                after it has read fresh evidence from the cloud and from the records in bucket `{shard.Bucket}`.

                - To stop it at once: update `Pause`. To go on: `Resume`.
                - Cancelling or terminating it is not enough: the schedule `{schedule}` starts it again.
                """,
            TypedSearchAttributes = Names.Attributes(
                shard, Names.StateActive, isPending: false, Names.ModeDryRun, attributes),
        };
    }

    /// <summary>Starts the collector if it does not run. Safe to retry.</summary>
    /// <param name="client">Client of the namespace.</param>
    /// <param name="input">Input of a new collector; a running one keeps its own.</param>
    /// <returns>Run id of the collector that runs now.</returns>
    public static async Task<string> EnsureRunsAsync(ITemporalClient client, GcInput input)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(input);
        var options = Options(input.Shard, await AttributesOfAsync(client));
        var handle = await client.StartWorkflowAsync((GcWorkflow workflow) => workflow.RunAsync(input), options);
        return handle.ResultRunId!;
    }

    /// <summary>Returns the names of the collector's attributes that the namespace has with the right type.</summary>
    internal static async Task<IReadOnlyList<string>> ListAttributesAsync(
        ITemporalClient client, RpcOptions? rpc = null)
    {
        var known = await client.Connection.OperatorService.ListSearchAttributesAsync(
            new() { Namespace = client.Options.Namespace }, rpc);
        return
        [
            .. Names.SearchAttributes
                .Where(key => known.CustomAttributes.TryGetValue(key.Name, out var type) && type == key.ValueType)
                .Select(key => key.Name),
        ];
    }

    /// <summary>Null: this identity may not list them.</summary>
    private static async Task<IReadOnlyList<string>?> AttributesOfAsync(ITemporalClient client)
    {
        try
        {
            return await ListAttributesAsync(client);
        }
        catch (RpcException)
        {
            return null;
        }
    }
}
