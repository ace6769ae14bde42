namespace Nstance.Temporal.Activities.Ports;

/// <summary>
/// Where a shard's cloud and bucket are reached. Cheap to ask: clients are shared within the process.
/// </summary>
internal interface IConnections
{
    /// <summary>The cloud's name in <c>shard.infra.provider</c> of a shard's configuration.</summary>
    string Provider { get; }

    /// <summary>The bucket's side; its region is the worker's own (the configuration is not read yet).</summary>
    IRecordStore Records(TimeSpan requestTimeout);

    /// <summary>The audit, in the same bucket.</summary>
    IAuditStore Audit(TimeSpan requestTimeout);

    /// <summary>The plans, in the same bucket.</summary>
    IPlanStore Plans(TimeSpan requestTimeout);

    /// <summary>The cloud in a region; null: the worker's own.</summary>
    ICloud Cloud(string? region, TimeSpan requestTimeout);
}
