using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Simulation.Fleet;

namespace Nstance.Temporal.Simulation.Demo;

/// <summary>A notification, and when it arrived.</summary>
internal sealed record Arrival(DateTimeOffset At, Notification Notification);

/// <summary>All that the verdict reads: the truth, and what reached the outside; no word of the collector.</summary>
internal sealed record Truth
{
    public ShardRef Shard { get; init; } = ShardLayout.Demo;

    /// <summary>Every member that ever was.</summary>
    public required IReadOnlyCollection<Member> Members { get; init; }

    /// <summary>The cloud's truth by provider id.</summary>
    public required Func<string, Machine?> Machine { get; init; }

    /// <summary>The bucket's truth by key; null: no such object.</summary>
    public required Func<string, byte[]?> Object { get; init; }

    /// <summary>Ids in nstance's database.</summary>
    public required IReadOnlySet<string> Rows { get; init; }

    /// <summary>Objects as they were at the start.</summary>
    public required IReadOnlyDictionary<string, byte[]> ForeignObjects { get; init; }

    /// <summary>What the webhook received.</summary>
    public required IReadOnlyList<Arrival> Arrivals { get; init; }

    /// <summary>Garbage of before this time must be gone.</summary>
    public required DateTimeOffset JudgedBefore { get; init; }

    /// <summary>A registration timeout after the first sync. Before it an agent may still register.</summary>
    public DateTimeOffset GraceUntil { get; init; }

    /// <summary>What nstance terminated because of rows that the collector wrote.</summary>
    public IReadOnlyList<string> NstanceMisled { get; init; } = [];

    /// <summary>Lines of the audit in the bucket; null skips the audit.</summary>
    public string? Audit { get; init; }

    /// <summary>False if the collector ran for less than three health intervals.</summary>
    public bool SilenceCounts { get; init; } = true;
}
