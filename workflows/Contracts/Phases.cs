using System.Text.Json.Serialization;

namespace Nstance.Temporal.Workflows.Contracts;

/// <summary>Input of every phase of a cycle.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="AsOf">The cycle's time: the workflow's clock, the only clock that deadlines are judged by.</param>
/// <param name="Timings">The timings in effect.</param>
public sealed record PhaseInput(ShardRef Shard, DateTimeOffset AsOf, ShardTimings Timings)
{
    /// <summary>How much may be terminated. Only <c>Collect</c> uses it.</summary>
    public TerminationLimits Limits { get; init; } = new();

    /// <summary>True: terminate, delete and mark nothing; report what would be done.</summary>
    public bool DryRun { get; init; }

    /// <summary>What the operator asks; <c>SyncProvider</c> lays it over the bucket's configuration.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public GcSettings? Settings { get; init; }

    /// <summary>Number of the cycle; 0 when there is none. For the audit.</summary>
    public int Cycle { get; init; }

    /// <summary>A plan that may be carried out. <c>Collect</c> and <c>ScanHealth</c> use it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Approval? Approval { get; init; }

    /// <summary>Parts of the shard that are paused now; null: none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<PartialPause>? PartialPauses { get; init; }

    /// <summary>Hours in which nothing is collected; null: none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<QuietHours>? QuietHours { get; init; }

    /// <summary>
    /// When this attempt at the phase began, by Temporal's clock; set by the activity itself. Quiet hours may have
    /// begun since the cycle began.
    /// </summary>
    [JsonIgnore]
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>The host's own clock when this attempt began; set by the activity itself.</summary>
    [JsonIgnore]
    public DateTimeOffset? HostTime { get; init; }

    /// <summary>
    /// Why the last sync is in doubt: <c>Collect</c> holds everything back as a plan. Null: it is not.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public GuardNote? Guard { get; init; }

    /// <summary>Deadlines count from then; null: we always saw.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public GracePeriod? Grace { get; init; }

    /// <summary>How long <c>Collect</c> stops an instance before it terminates it; null: not at all.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TimeSpan? Quarantine { get; init; }
}

/// <summary>Input of <c>AcquireShard</c>.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="AsOf">The workflow's time.</param>
public sealed record AcquireShardInput(ShardRef Shard, DateTimeOffset AsOf)
{
    /// <summary>
    /// The host that holds the shard, or held it last; null at first. Another host that takes over rebuilds its
    /// database, because its copy may be old.
    /// </summary>
    public string? PreviousHost { get; init; }

    /// <summary>What the operator asks.</summary>
    public GcSettings? Settings { get; init; }

    /// <summary>True: a host with nstance's database held the shard last; such a host goes first.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool PreferShared { get; init; }

    /// <summary>A host that was given up: every other host goes first. Null: none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? AvoidHost { get; init; }
}

/// <summary>A host that can work on the shard.</summary>
/// <param name="Host">Its name.</param>
/// <param name="TaskQueue">The queue that only it polls.</param>
/// <param name="Timings">Timings in effect, from the bucket and the operator.</param>
public sealed record AcquireShardResult(string Host, string TaskQueue, ShardTimings Timings)
{
    /// <summary>True: the database belongs to nstance's server on that host and is never rebuilt.</summary>
    public bool SharedDatabase { get; init; }

    /// <summary>nstance's leader, which runs on that host; null for a database of our own.</summary>
    public NstanceLeaderInfo? Leader { get; init; }

    /// <summary>True: the database was filled from the bucket's records just now.</summary>
    public bool Rebuilt { get; init; }

    /// <summary>Records read by the rebuild.</summary>
    public int RecordsRead { get; init; }

    /// <summary>Records that the rebuild skipped because they are broken. Nothing was deleted.</summary>
    public int InvalidRecords { get; init; }

    /// <summary>What an operator should know, one sentence each; at most 20.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];
}

/// <summary>Why an instance is collected. The order is that in which candidates are judged.</summary>
public enum CollectReason
{
    /// <summary>The cloud says that it is stopping, stopped, suspended, ending or being repaired.</summary>
    Unhealthy,

    /// <summary>Never registered within the registration timeout.</summary>
    Dangling,

    /// <summary>Exists in the cloud alone: no record, never registered within the registration timeout.</summary>
    Orphan,

    /// <summary>Its row is marked as deleted, and its machine runs.</summary>
    DeletedButRunning,

    /// <summary>A row from before the cloud call; the cloud knows no such instance.</summary>
    StalePreInsert,

    /// <summary>Registered, its agent is silent, and the cloud knows no machine of it.</summary>
    MachineLost,
}

/// <summary>What became of the candidates of one reason.</summary>
public sealed record CollectCounts
{
    /// <summary>The reason that is counted.</summary>
    public CollectReason Reason { get; init; }

    /// <summary>Rows that looked like garbage.</summary>
    public int Candidates { get; init; }

    /// <summary>Instances terminated at the cloud (in dry-run: that would be).</summary>
    public int Terminated { get; init; }

    /// <summary>Nothing was left at the cloud to terminate; record deleted and row marked all the same.</summary>
    public int AlreadyGone { get; init; }

    /// <summary>Fresh evidence or protection said no, or could not tell.</summary>
    public int Skipped { get; init; }

    /// <summary>The termination failed; record and row are as they were.</summary>
    public int Failed { get; init; }

    /// <summary>Held back because the reason is over its limit.</summary>
    public int OverLimit { get; init; }

    /// <summary>Held back by a guard.</summary>
    public int Blocked { get; init; }

    /// <summary>Tagged and stopped, to be terminated later; record and row are as they were.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Quarantined { get; init; }
}

/// <summary>Outcome of <c>Collect</c>.</summary>
public sealed record CollectResult : PhaseResult
{
    /// <summary>Counts of each reason, in the order of <see cref="CollectReason"/>.</summary>
    public IReadOnlyList<CollectCounts> Counts { get; init; } = [];

    /// <summary><c>GroupChanged</c> events handed to the reconciler (one for each group).</summary>
    public int GroupsChanged { get; init; }

    /// <summary>Invalid rows; named in <see cref="PhaseResult.Problems"/>.</summary>
    public int Invalid { get; init; }

    /// <summary>What limits and guards held back, to be approved; null: nothing was.</summary>
    public CollectPlan? Plan { get; init; }

    /// <summary>Instances terminated because their plan was approved.</summary>
    public int Approved { get; init; }

    /// <summary>True: nothing of the approved plan is left to be done.</summary>
    public bool ApprovalDone { get; init; }

    /// <summary>Guards that held candidates back; empty: none did.</summary>
    public IReadOnlyList<GuardNote> Blocked { get; init; } = [];

    /// <summary>The quiet hours in which nothing is collected, in one sentence; null: there are none now.</summary>
    public string? QuietHours { get; init; }

    /// <summary>Gets the counts of one reason; zeros when it had no candidates.</summary>
    /// <param name="reason">The reason.</param>
    /// <returns>Its counts.</returns>
    public CollectCounts Of(CollectReason reason) =>
        Counts.FirstOrDefault(c => c.Reason == reason) ?? new() { Reason = reason };
}

/// <summary>Outcome of <c>ScanHealth</c>.</summary>
public sealed record HealthScanResult : PhaseResult
{
    /// <summary>Registered, live instances.</summary>
    public int Registered { get; init; }

    /// <summary>Of those, with a report older than the health interval, or none.</summary>
    public int Stale { get; init; }

    /// <summary><c>CheckInstance</c> events handed to the reconciler.</summary>
    public int Enqueued { get; init; }

    /// <summary>
    /// Why nothing was enqueued, in one sentence: so many look stale that the source of health is suspect. Null: it is
    /// not.
    /// </summary>
    public string? Suspect { get; init; }

    /// <summary>Registered rows with an invalid time; named in <see cref="PhaseResult.Problems"/>.</summary>
    public int Invalid { get; init; }

    /// <summary>Checks that a suspect source of health held back, to be approved; null: none.</summary>
    public CollectPlan? Plan { get; init; }
}
