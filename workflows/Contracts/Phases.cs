using System.Text.Json.Serialization;

namespace Nstance.Temporal.Workflows.Contracts;

/// <summary>Input of every phase of a cycle.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="AsOf">The cycle's time: the workflow's clock, the only clock that deadlines are judged by.</param>
/// <param name="Timings">The timings in effect.</param>
/// <param name="DryRun">True: terminate, delete and mark nothing; report what would be done.</param>
/// <param name="Settings">What the operator asks; <c>SyncProvider</c> lays it over the bucket's configuration.</param>
/// <param name="Cycle">Number of the cycle; 0: no cycle. For the audit.</param>
/// <param name="Approval">A plan that may be carried out. <c>Collect</c> and <c>ScanHealth</c> use it.</param>
/// <param name="Plans">Plans that wait for a decision, were refused, or are over; null: none.</param>
/// <param name="PartialPauses">Parts of the shard that are paused now; null: none.</param>
/// <param name="QuietHours">Hours in which nothing is collected; null: none.</param>
/// <param name="Guard">Why the last sync is in doubt, so that <c>Collect</c> holds everything back; else null.</param>
/// <param name="Grace">Deadlines count from then; null: we always saw.</param>
/// <param name="Quarantine">How long <c>Collect</c> stops an instance before it terminates it; else null.</param>
public sealed record PhaseInput(
    ShardRef Shard,
    DateTimeOffset AsOf,
    ShardTimings Timings,
    bool DryRun = false,
    GcSettings? Settings = null,
    int Cycle = 0,
    Approval? Approval = null,
    PlansInput? Plans = null,
    IReadOnlyList<PauseState>? PartialPauses = null,
    IReadOnlyList<QuietHours>? QuietHours = null,
    GuardNote? Guard = null,
    GracePeriod? Grace = null,
    TimeSpan? Quarantine = null)
{
    /// <summary>How much may be terminated. Only <c>Collect</c> uses it.</summary>
    public TerminationLimits Limits { get; init; } = new();

    /// <summary>
    /// When this attempt at the phase began, by Temporal's clock; set by the activity itself. Quiet hours may have
    /// begun since the cycle began.
    /// </summary>
    [JsonIgnore]
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>The host's own clock when this attempt began; set by the activity itself.</summary>
    [JsonIgnore]
    public DateTimeOffset? HostTime { get; init; }
}

/// <summary>Input of <c>AcquireShard</c>.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="AsOf">The workflow's time.</param>
/// <param name="PreviousHost">
/// The host that holds the shard, or held it last; null at first. Another host that takes over rebuilds its database,
/// because its copy may be old.
/// </param>
/// <param name="Settings">What the operator asks.</param>
/// <param name="PreferShared">True: a host with nstance's database held the shard last; such a host goes first.</param>
/// <param name="AvoidHost">A host that was given up: every other host goes first. Null: none.</param>
public sealed record AcquireShardInput(
    ShardRef Shard,
    DateTimeOffset AsOf,
    string? PreviousHost = null,
    GcSettings? Settings = null,
    bool PreferShared = false,
    string? AvoidHost = null);

/// <summary>A host that can work on the shard.</summary>
/// <param name="Host">Its name.</param>
/// <param name="TaskQueue">The queue that only it polls.</param>
/// <param name="Timings">Timings in effect, from the bucket and the operator.</param>
/// <param name="SharedDatabase">True: the database is that of nstance's server on the host, and never rebuilt.</param>
/// <param name="Leader">nstance's leader, which runs on that host; null for a database of our own.</param>
/// <param name="Rebuilt">True: the database was filled from the bucket's records just now.</param>
/// <param name="RecordsRead">Records read by the rebuild.</param>
/// <param name="InvalidRecords">Records that the rebuild skipped because they are broken. Nothing was deleted.</param>
public sealed record AcquireShardResult(
    string Host,
    string TaskQueue,
    ShardTimings Timings,
    bool SharedDatabase = false,
    NstanceLeaderInfo? Leader = null,
    bool Rebuilt = false,
    int RecordsRead = 0,
    int InvalidRecords = 0)
{
    /// <summary>What an operator should know, one sentence each; at most 20.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];
}
