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
    public GcSettings? Settings { get; init; }

    /// <summary>Number of the cycle; 0: no cycle. For the audit.</summary>
    public int Cycle { get; init; }

    /// <summary>A plan that may be carried out. <c>Collect</c> and <c>ScanHealth</c> use it.</summary>
    public Approval? Approval { get; init; }

    /// <summary>Plans that wait for a decision, were refused, or are over; null: none.</summary>
    public PlansInput? Plans { get; init; }

    /// <summary>Parts of the shard that are paused now; null: none.</summary>
    public IReadOnlyList<PartialPause>? PartialPauses { get; init; }

    /// <summary>Hours in which nothing is collected; null: none.</summary>
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
    public GuardNote? Guard { get; init; }

    /// <summary>Deadlines count from then; null: we always saw.</summary>
    public GracePeriod? Grace { get; init; }

    /// <summary>How long <c>Collect</c> stops an instance before it terminates it; null: not at all.</summary>
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
