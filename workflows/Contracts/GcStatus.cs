namespace Nstance.Temporal.Workflows.Contracts;

/// <summary>Answer to the query <c>Status</c>.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="State">What the collector is doing.</param>
public sealed record GcStatus(ShardRef Shard, CollectorActivity State)
{
    /// <summary>Cycles begun since the collector first started.</summary>
    public int Cycle { get; init; }

    /// <summary>The host in use; null when none is held.</summary>
    public string? Host { get; init; }

    /// <summary>nstance's leader as the last good sync saw it; null: the host keeps a database of its own.</summary>
    public NstanceLeaderInfo? Leader { get; init; }

    /// <summary>Since when no host is found because nstance has no leader; null: it has one.</summary>
    public DateTimeOffset? NoLeaderSince { get; init; }

    /// <summary>Timings in effect; null until a host was acquired.</summary>
    public ShardTimings? Timings { get; init; }

    /// <summary>What the operator asked.</summary>
    public GcSettings Settings { get; init; } = new();

    /// <summary>True: nothing is terminated or deleted.</summary>
    public bool DryRun { get; init; }

    /// <summary>Who set the mode; null: the settings did.</summary>
    public ModeState? Mode { get; init; }

    /// <summary>Set while paused.</summary>
    public PauseState? Pause { get; init; }

    /// <summary>Parts of the shard that are paused.</summary>
    public IReadOnlyList<PauseState> PartialPauses { get; init; } = [];

    /// <summary>Names of the groups that the last sync listed; null: not known, or too many to name.</summary>
    public IReadOnlyList<string>? Groups { get; init; }

    /// <summary>A plan that waits for approval.</summary>
    public CollectPlan? Pending { get; init; }

    /// <summary>Guards that hold the shard back now, and since when; empty: none does.</summary>
    public IReadOnlyList<Block> Blocks { get; init; } = [];

    /// <summary>A plan that may be carried out, until its time is over.</summary>
    public Approval? Approval { get; init; }

    /// <summary>Plans that were refused, newest first; at most 20.</summary>
    public IReadOnlyList<Rejection> Rejections { get; init; } = [];

    /// <summary>When the next cycle is due.</summary>
    public DateTimeOffset? NextCycleAt { get; init; }

    /// <summary>The last report; null before the first cycle ended.</summary>
    public CycleReport? LastReport { get; init; }

    /// <summary>Sums since the collector first started.</summary>
    public GcTotals Totals { get; init; } = new();
}
