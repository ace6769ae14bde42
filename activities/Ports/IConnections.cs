namespace Nstance.Temporal.Activities.Ports;

/// <summary>Gives access to a shard's cloud and bucket. The process shares their clients.</summary>
internal interface IConnections
{
    /// <summary>The cloud's name in <c>shard.infra.provider</c> of a shard's configuration.</summary>
    string Provider { get; }

    /// <summary>The records, in the worker's own region, since the configuration is not read yet.</summary>
    IRecordStore Records(TimeSpan requestTimeout);

    /// <summary>The audit, in the same bucket.</summary>
    IAuditStore Audit(TimeSpan requestTimeout);

    /// <summary>The plans, in the same bucket.</summary>
    IPlanStore Plans(TimeSpan requestTimeout);

    /// <summary>The cloud in a region; null for the worker's own.</summary>
    ICloud Cloud(string? region, TimeSpan requestTimeout);
}
