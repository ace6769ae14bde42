using Temporalio.Activities;

namespace Nstance.Temporal.Workflows.Contracts;

/// <summary>
/// The work of a cycle. Each is idempotent and safe to retry: a destructive step reads fresh evidence first.
/// <see cref="AcquireShardAsync"/> runs on the shared queue, the others on the queue of the host it names.
/// </summary>
public interface IGcActivities
{
    /// <summary>Makes the shard's database usable on this host and says which queue it polls.</summary>
    /// <param name="input">Which shard, and who held it before.</param>
    /// <returns>The host; or fails as <see cref="ErrorTypes.HostDeclined"/>.</returns>
    [Activity]
    Task<AcquireShardResult> AcquireShardAsync(AcquireShardInput input);

    /// <summary>Writes the cloud's state into the database.</summary>
    /// <param name="input">The cycle.</param>
    /// <returns>Counts. A listing that is not complete fails instead: unknown is never gone.</returns>
    [Activity]
    Task<SyncResult> SyncProviderAsync(PhaseInput input);

    /// <summary>Terminates garbage at the cloud, after reading cloud and records again.</summary>
    /// <param name="input">The cycle.</param>
    /// <returns>Counts for each reason.</returns>
    [Activity]
    Task<CollectResult> CollectAsync(PhaseInput input);

    /// <summary>Hands instances with stale health to the reconciler.</summary>
    /// <param name="input">The cycle.</param>
    /// <returns>Counts.</returns>
    [Activity]
    Task<HealthScanResult> ScanHealthAsync(PhaseInput input);

    /// <summary>Deletes records, then rows, of instances deleted longer ago than the retention.</summary>
    /// <param name="input">The cycle.</param>
    /// <returns>Counts.</returns>
    [Activity]
    Task<PurgeResult> PurgeRecordsAsync(PhaseInput input);
}

/// <summary>What the keep-alive does.</summary>
public interface IKeepAliveActivities
{
    /// <summary>Starts the shard's collector under its fixed id if none runs. Safe to retry.</summary>
    /// <param name="input">What a new collector starts with; a running one is not changed.</param>
    /// <returns>Run id of the collector that runs now.</returns>
    [Activity]
    Task<string> EnsureCollectorRunsAsync(GcInput input);

    /// <summary>Lists the search attributes of <see cref="Names"/> that the namespace has. Safe to retry.</summary>
    /// <returns>Their names.</returns>
    [Activity]
    Task<IReadOnlyList<string>> ListSearchAttributesAsync();
}

/// <summary>What the reconciler does.</summary>
public interface IReconcilerActivities
{
    /// <summary>Checks instances with stale health, on the host that holds the shard. Safe to retry.</summary>
    /// <param name="input">Which.</param>
    /// <returns>A verdict for each.</returns>
    [Activity]
    Task<CheckInstancesResult> CheckInstancesAsync(CheckInstancesInput input);

    /// <summary>Sends a notification. At-least-once; the receiver deduplicates by key.</summary>
    /// <param name="notification">What to send.</param>
    [Activity]
    Task NotifyAsync(Notification notification);
}
