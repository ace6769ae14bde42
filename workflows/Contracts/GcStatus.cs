namespace Nstance.Temporal.Workflows.Contracts;

/// <summary>Answer to the query <c>Status</c>.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="State">What the collector is doing.</param>
public sealed record GcStatus(ShardRef Shard, CollectorActivity State) : CollectorFacts
{
    /// <summary>The host in use; null when none is held.</summary>
    public string? Host { get; init; }

    /// <summary>Timings in effect; null until a host was acquired.</summary>
    public ShardTimings? Timings { get; init; }

    /// <summary>What the operator asked.</summary>
    public GcSettings Settings { get; init; } = new();

    /// <summary>True: nothing is terminated or deleted.</summary>
    public bool DryRun { get; init; }

    /// <summary>The last report; null before the first cycle ended.</summary>
    public CycleReport? LastReport { get; init; }
}
