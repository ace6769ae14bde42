namespace Nstance.Temporal.Workflows.Contracts;

/// <summary>Outcome of <c>PurgeRecords</c>.</summary>
public sealed record PurgeResult : PhaseResult
{
    /// <summary>Rows deleted longer ago than the retention.</summary>
    public int Expired { get; init; }

    /// <summary>Rows removed, each after its record.</summary>
    public int Purged { get; init; }

    /// <summary>Rows left because their record could not be deleted.</summary>
    public int Failed { get; init; }

    /// <summary>Rows without a readable id or tenant, for which no record can exist or was found.</summary>
    public int WithoutRecord { get; init; }

    /// <summary>Rows with an invalid time of deletion; named in <see cref="PhaseResult.Problems"/>.</summary>
    public int Invalid { get; init; }
}

/// <summary>One instance in a report, without secrets.</summary>
/// <param name="InstanceId">nstance's id, or a name made from the cloud's.</param>
/// <param name="ProviderId">The cloud's id, if known.</param>
/// <param name="Tenant">Owner, if known.</param>
/// <param name="Group">Group, if known.</param>
/// <param name="Action">
/// What was done: <c>terminated</c>, <c>skipped</c>, <c>failed</c>, <c>purged</c>, <c>stale</c> …
/// </param>
/// <param name="Why">One sentence.</param>
public sealed record InstanceNote(
    string InstanceId, string? ProviderId, string? Tenant, string? Group, string Action, string Why);
