using System.Text.Json.Serialization;

namespace Nstance.Temporal.Workflows.Contracts;

/// <summary>Start of a <c>GcWorkflow</c> run, and what it carries over continue-as-new.</summary>
/// <param name="Shard">The shard.</param>
public sealed record GcInput(ShardRef Shard)
{
    /// <summary>What the operator asks.</summary>
    public GcSettings Settings { get; init; } = new();

    /// <summary>Carried over from the run before; null at first.</summary>
    public GcState? State { get; init; }
}

/// <summary>What a collector is doing.</summary>
public enum CollectorActivity
{
    /// <summary>Waiting for the next cycle.</summary>
    Waiting,

    /// <summary>In a cycle.</summary>
    Running,

    /// <summary>Paused by an operator.</summary>
    Paused,

    /// <summary>Ended: it was cancelled.</summary>
    Off,
}

/// <summary>What a collector knows and its status shows too.</summary>
public abstract record CollectorFacts
{
    /// <summary>Cycles begun since the collector first started.</summary>
    public int Cycle { get; init; }

    /// <summary>Start of the first cycle in a row without a host because nstance has no leader; else null.</summary>
    public DateTimeOffset? NoLeaderSince { get; init; }

    /// <summary>nstance's leader as the last good sync saw it; null: the host keeps a database of its own.</summary>
    public NstanceLeaderInfo? Leader { get; init; }

    /// <summary>Set while paused.</summary>
    public PauseState? Pause { get; init; }

    /// <summary>Parts of the shard that are paused.</summary>
    public IReadOnlyList<PauseState> PartialPauses { get; init; } = [];

    /// <summary>The mode that an operator set; null: the settings' own.</summary>
    public ModeState? Mode { get; init; }

    /// <summary>A plan that waits for approval.</summary>
    public CollectPlan? Pending { get; init; }

    /// <summary>Guards that hold the shard back now, and since when; empty: none does.</summary>
    public IReadOnlyList<Block> Blocks { get; init; } = [];

    /// <summary>A plan that may be carried out, until its time is over.</summary>
    public Approval? Approval { get; init; }

    /// <summary>Plans that were refused, newest first; at most 20.</summary>
    public IReadOnlyList<Rejection> Rejections { get; init; } = [];

    /// <summary>Names of the groups that the last sync listed; null: not known, or too many to name.</summary>
    public IReadOnlyList<string>? Groups { get; init; }

    /// <summary>When the next cycle is due.</summary>
    public DateTimeOffset? NextCycleAt { get; init; }

    /// <summary>Sums since the collector first started.</summary>
    public GcTotals Totals { get; init; } = new();
}

/// <summary>All that a collector knows; one record, carried over continue-as-new.</summary>
public sealed record GcState : CollectorFacts
{
    /// <summary>The host in use, and its timings; null when one must be acquired.</summary>
    public AcquireShardResult? Host { get; init; }

    /// <summary>The host that held the shard last, also after it was lost.</summary>
    public string? LastHost { get; init; }

    /// <summary>True: a host with nstance's database has held the shard, so such a host goes first.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool HasSharedHost { get; init; }

    /// <summary>When the host in use, or the last one, was acquired.</summary>
    public DateTimeOffset? AcquiredAt { get; init; }

    /// <summary>The host that took the shard over, until its first good sync; null: none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? NewHost { get; init; }

    /// <summary>How many syncs in a row failed on the host in use.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int FailedSyncs { get; init; }

    /// <summary>The host that was given up for its failed syncs, until a host is acquired; null: none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? GivenUpHost { get; init; }

    /// <summary>Plans that are over, and whose objects are not deleted yet; at most 20.</summary>
    public IReadOnlyList<string> EndedPlans { get; init; } = [];

    /// <summary>Since when we can see; null: before the first sync.</summary>
    public GracePeriod? Grace { get; init; }

    /// <summary>End of the last good sync.</summary>
    public DateTimeOffset? SyncedAt { get; init; }

    /// <summary>How long the last cycle with a good sync took.</summary>
    public TimeSpan CycleTook { get; init; }

    /// <summary>Timings last heard of; they outlive the loss of a host. Null before the first one.</summary>
    public ShardTimings? Timings { get; init; }

    /// <summary>
    /// From when the next interval counts: the start of the last cycle. A requested dry-run of a collector that
    /// enforces does not count.
    /// </summary>
    public DateTimeOffset? LastCycleAt { get; init; }

    /// <summary>
    /// End of the last completed cycle, without the dry-runs that are requested of a collector that enforces; null: not
    /// known.
    /// </summary>
    public DateTimeOffset? LastGoodAt { get; init; }

    /// <summary>The last reports, newest first; at most 20.</summary>
    public IReadOnlyList<CycleReport> Reports { get; init; } = [];
}

/// <summary>A pause of the collector, or of a part: a group, a sweep, or a sweep in a group.</summary>
/// <param name="Reason">Why, in the operator's words.</param>
/// <param name="At">Since when.</param>
/// <param name="Until">When collection goes on by itself; null: only by <c>Resume</c>.</param>
/// <param name="By">Who, if said.</param>
/// <param name="Group"><c>tenant/group</c>; null: every group.</param>
/// <param name="Sweep">Null: every sweep.</param>
public sealed record PauseState(
    string Reason = "",
    DateTimeOffset At = default,
    DateTimeOffset? Until = null,
    string? By = null,
    string? Group = null,
    Sweep? Sweep = null);

/// <summary>Argument of the update <c>Pause</c>: all, or only a group, a sweep, or a sweep in a group.</summary>
/// <param name="Reason">Why; must not be empty.</param>
/// <param name="Group">Only this group, as <c>tenant/group</c>. Null: every group.</param>
/// <param name="Sweep">Only this sweep. Null: every sweep.</param>
/// <param name="Until">When to go on by itself; must lie ahead. Null: only by <c>Resume</c>.</param>
/// <param name="By">Who asks.</param>
/// <param name="Replace">True: replace a pause of the same part that is in force. Default false: refused.</param>
public sealed record PauseRequest(
    string Reason,
    string? Group = null,
    Sweep? Sweep = null,
    DateTimeOffset? Until = null,
    string? By = null,
    bool Replace = false) : UpdateRequest;

/// <summary>Argument of the update <c>Resume</c>: the whole pause, or that of exactly this group and sweep.</summary>
/// <param name="Group">As in the <c>Pause</c> that is undone.</param>
/// <param name="Sweep">As in the <c>Pause</c> that is undone.</param>
/// <param name="By">Who asks.</param>
public sealed record ResumeRequest(string? Group = null, Sweep? Sweep = null, string? By = null) : UpdateRequest;

/// <summary>Instances ended for one reason.</summary>
public sealed record ReasonTotal(CollectReason Reason, long Instances);

/// <summary>Sums since the collector first started.</summary>
/// <param name="Cycles">Cycles that ended, in whatever way.</param>
/// <param name="AlreadyGone">Rows cleaned with nothing left at the cloud to end, for any reason.</param>
/// <param name="Purged">Rows purged, with their records.</param>
/// <param name="ChecksEnqueued">Checks handed to the reconciler.</param>
public sealed record GcTotals(
    long Cycles = 0,
    long AlreadyGone = 0,
    long Purged = 0,
    long ChecksEnqueued = 0)
{
    /// <summary>Instances ended, by reason; a reason for which none was terminated is missing.</summary>
    public IReadOnlyList<ReasonTotal> Terminated { get; init; } = [];
}

/// <summary>How a cycle ended.</summary>
public enum CycleOutcome
{
    /// <summary>Every phase did its work.</summary>
    Completed,

    /// <summary>A guard held something back; the report says which and why.</summary>
    Blocked,

    /// <summary>At least one phase failed, or the cloud or the bucket was away during one; the others ran.</summary>
    Partial,

    /// <summary>No phase could run.</summary>
    Failed,
}

/// <summary>What one cycle did.</summary>
/// <param name="Cycle">Number of the cycle, from 1.</param>
/// <param name="StartedAt">The cycle's time, by which deadlines were judged.</param>
/// <param name="EndedAt">When it ended.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="DryRun">True: nothing was terminated, deleted or marked.</param>
/// <param name="Host">The host that did the work; the last one, if it changed.</param>
/// <param name="Approval">Who approved a plan that this cycle was allowed to carry out; null: none.</param>
/// <param name="Grace">Set while deadlines are moved; null: they are as configured.</param>
/// <param name="Sync">Null: the phase did not run, or failed.</param>
/// <param name="Collect">Null: the phase did not run (nothing is terminated after a failed sync), or failed.</param>
/// <param name="Health">Null: the phase did not run, or failed.</param>
/// <param name="Purge">Null: the phase did not run, or failed.</param>
public sealed record CycleReport(
    int Cycle,
    DateTimeOffset StartedAt,
    DateTimeOffset EndedAt = default,
    CycleOutcome Outcome = default,
    bool DryRun = false,
    string? Host = null,
    Approval? Approval = null,
    GraceNote? Grace = null,
    SyncResult? Sync = null,
    CollectResult? Collect = null,
    HealthScanResult? Health = null,
    PurgeResult? Purge = null)
{
    /// <summary>What went wrong in the cycle and in each phase, one sentence each; at most 20.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];
}

/// <summary>Argument of the update <c>RunCycle</c>.</summary>
/// <param name="DryRun">True: this cycle terminates and deletes nothing. False: the mode decides. Required.</param>
public sealed record RunCycleRequest(bool? DryRun) : UpdateRequest;

/// <summary>The argument of an update. A person may have typed its JSON into the Web UI.</summary>
public abstract record UpdateRequest
{
    /// <summary>Gets what is wrong with the JSON, for the update's validator; null if nothing is.</summary>
    [JsonIgnore]
    public string? Fault { get; init; }
}
