namespace Nstance.Temporal.Worker.Hosting;

/// <summary>
/// What Temporal's server knows of a collector when no worker answers: attributes, and the results in its history.
/// </summary>
/// <param name="Cluster">Cluster id.</param>
/// <param name="Shard">Shard id.</param>
/// <param name="State">The state, from its search attribute.</param>
/// <param name="PendingApproval">True: a plan waits for approval.</param>
/// <param name="Worker">Since when no worker has polled, and what to do.</param>
internal sealed record StatusWithoutWorker(
    string Cluster, string Shard, string State, bool PendingApproval, string Worker)
{
    /// <summary>The last cycle that ended in this run of the collector; null: none has.</summary>
    public CycleReport? LastReport { get; init; }
}
