using System.Text.Json.Serialization;

namespace Nstance.Temporal.Workflows.Contracts;

/// <summary>What the outcomes of all phases have in common.</summary>
public abstract record PhaseResult
{
    /// <summary>Up to 20 instances of interest, each with what was done and why.</summary>
    public IReadOnlyList<InstanceNote> Samples { get; init; } = [];

    /// <summary>What an operator should know, one sentence each; at most 20.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];

    /// <summary>
    /// What the cloud or the bucket did not answer or accept, or the host did not understand, so that work is left, in
    /// one sentence; the cycle is then <see cref="CycleOutcome.Partial"/>. Null: there was no outage. Invalid data does
    /// not count as an outage.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Outage { get; init; }
}

/// <summary>One instance in a report, without secrets.</summary>
/// <param name="InstanceId">nstance's id, or a name made from the cloud's.</param>
/// <param name="ProviderId">The cloud's id, if known.</param>
/// <param name="Tenant">Owner, if known.</param>
/// <param name="Group">Group, if known.</param>
/// <param name="Action"><c>terminated</c>, <c>skipped</c>, <c>failed</c>, <c>purged</c>, <c>stale</c> …</param>
/// <param name="Why">One sentence.</param>
public sealed record InstanceNote(
    string InstanceId, string? ProviderId, string? Tenant, string? Group, string Action, string Why);

/// <summary>Outcome of <c>SyncProvider</c>.</summary>
/// <param name="Listed">Own instances that the cloud listed.</param>
/// <param name="Added">Rows added for recorded instances that run and had none.</param>
/// <param name="Updated">Machines of which the cloud says something new.</param>
/// <param name="MarkedDeleted">Rows not listed, of which a describe by id said terminated or not found.</param>
/// <param name="Skipped">Rows not listed that were skipped, because a describe disagreed or could not tell.</param>
/// <param name="Invalid">Invalid instances or rows; named in <see cref="PhaseResult.Problems"/>.</param>
/// <param name="Suspect">
/// Why this listing is suspect (wrong account, implausibly short), in one sentence; nothing is then terminated. Null:
/// it is not suspect.
/// </param>
/// <param name="Timings">The timings in effect from this cycle on.</param>
/// <param name="Groups">Listed groups, at most <see cref="MaxGroups"/>; null: more. Not kept in the report.</param>
/// <param name="Leader">nstance's leader, which runs on the host; null for a database of our own.</param>
public sealed record SyncResult(
    int Listed = 0,
    int Added = 0,
    int Updated = 0,
    int MarkedDeleted = 0,
    int Skipped = 0,
    int Invalid = 0,
    string? Suspect = null,
    ShardTimings? Timings = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Groups = null,
    NstanceLeaderInfo? Leader = null) : PhaseResult
{
    /// <summary>The maximum of <see cref="Groups"/>: they travel with every continue-as-new.</summary>
    public const int MaxGroups = 100;
}

/// <summary>Outcome of <c>ScanHealth</c>.</summary>
/// <param name="Registered">Registered, live instances.</param>
/// <param name="Stale">Of those, with a report older than the health interval, or none.</param>
/// <param name="Enqueued"><c>CheckInstance</c> events handed to the reconciler.</param>
/// <param name="Suspect">Why nothing was enqueued: too many look stale to trust the source. Else null.</param>
/// <param name="Invalid">Registered rows with an invalid time; named in <see cref="PhaseResult.Problems"/>.</param>
/// <param name="Plan">A new plan of checks that a suspect source of health held back; null: none.</param>
/// <param name="Pending">What became of the plan that was pending; null: none was.</param>
/// <param name="ApprovalDone">True: nothing of the approved checks is left to be sent.</param>
public sealed record HealthScanResult(
    int Registered = 0,
    int Stale = 0,
    int Enqueued = 0,
    string? Suspect = null,
    int Invalid = 0,
    CollectPlan? Plan = null,
    PendingPlan? Pending = null,
    bool ApprovalDone = false) : PhaseResult
{
    /// <summary>Refused plans of checks that the guard does not hold back any more.</summary>
    public IReadOnlyList<string> RejectionsOver { get; init; } = [];
}

/// <summary>Outcome of <c>PurgeRecords</c>.</summary>
/// <param name="Expired">Rows deleted longer ago than the retention.</param>
/// <param name="Purged">Rows removed, each after its record.</param>
/// <param name="Failed">Rows left because their record could not be deleted.</param>
/// <param name="WithoutRecord">Rows without a readable id or tenant, for which no record was found.</param>
/// <param name="Invalid">Rows with an invalid time of deletion; named in <see cref="PhaseResult.Problems"/>.</param>
public sealed record PurgeResult(
    int Expired = 0,
    int Purged = 0,
    int Failed = 0,
    int WithoutRecord = 0,
    int Invalid = 0) : PhaseResult;
