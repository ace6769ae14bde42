using Nstance.Temporal.Workflows;
using Temporalio.Api.Enums.V1;
using Temporalio.Client;
using Temporalio.Common;

namespace Nstance.Temporal.Activities.KeepAlive;

/// <summary>How a collector is started, by whomever.</summary>
public static class CollectorStart
{
    /// <summary>
    /// Options that start a collector, or find the one that runs: there is never a second one for a shard.
    /// Needs the search attributes of <see cref="Names.SearchAttributes"/> in the namespace.
    /// </summary>
    /// <param name="shard">The shard.</param>
    public static WorkflowOptions Options(ShardRef shard)
    {
        ArgumentNullException.ThrowIfNull(shard);
        return new(Names.GcWorkflowId(shard.Cluster, shard.Shard), Names.TaskQueue)
        {
            IdConflictPolicy = WorkflowIdConflictPolicy.UseExisting,
            IdReusePolicy = WorkflowIdReusePolicy.AllowDuplicate,
            StaticSummary = $"Garbage collector of {shard.Cluster}/{shard.Shard}",
            StaticDetails =
                $"""
                Ends instances of shard `{shard.Shard}` of cluster `{shard.Cluster}` that are unhealthy, never registered, or unknown,
                after asking the cloud and the records in bucket `{shard.Bucket}` again.

                - To stop it at once: update `Pause`. To go on: `Resume`.
                - Cancelling or terminating it is not enough: the schedule `{Names.ScheduleId(shard.Cluster, shard.Shard)}` starts it again.
                """,
            TypedSearchAttributes = new SearchAttributeCollection.Builder()
                .Set(Names.ClusterAttribute, shard.Cluster)
                .Set(Names.ShardAttribute, shard.Shard)
                .Set(Names.StateAttribute, Names.StateActive)
                .Set(Names.PendingAttribute, false)
                .ToSearchAttributeCollection(),
        };
    }

    /// <summary>Starts the collector, or finds the one that runs. Safe to retry.</summary>
    /// <param name="client">Where.</param>
    /// <param name="input">What a new one starts with; a running one is left as it is.</param>
    /// <returns>Run id of the collector that runs now.</returns>
    public static async Task<string> EnsureRunsAsync(ITemporalClient client, GcInput input)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(input);
        var handle = await client.StartWorkflowAsync((GcWorkflow workflow) => workflow.RunAsync(input), Options(input.Shard));
        return handle.ResultRunId!;
    }
}
