using System.Text.Json.Serialization;

namespace Nstance.Temporal.Workflows.Contracts;

/// <summary>Outcome of <c>SyncProvider</c>.</summary>
public sealed record SyncResult : PhaseResult
{
    /// <summary>The maximum of <see cref="Groups"/>: they travel with every continue-as-new.</summary>
    public const int MaxGroups = 100;

    /// <summary>Own instances that the cloud listed.</summary>
    public int Listed { get; init; }

    /// <summary>Rows added for recorded instances that run and had none.</summary>
    public int Added { get; init; }

    /// <summary>Machines of which the cloud says something new.</summary>
    public int Updated { get; init; }

    /// <summary>Rows marked deleted: not listed, and a describe by id said terminated or not found.</summary>
    public int MarkedDeleted { get; init; }

    /// <summary>Rows not listed that were skipped, because a describe disagreed or could not tell.</summary>
    public int Skipped { get; init; }

    /// <summary>Invalid instances or rows; named in <see cref="PhaseResult.Problems"/>.</summary>
    public int Invalid { get; init; }

    /// <summary>
    /// Why this listing is suspect (wrong account, implausibly short), in one sentence; nothing is then terminated.
    /// Null: it is not suspect.
    /// </summary>
    public string? Suspect { get; init; }

    /// <summary>The timings in effect from this cycle on.</summary>
    public ShardTimings? Timings { get; init; }

    /// <summary>
    /// Names of the groups that were listed, at most <see cref="MaxGroups"/>; null: more. Not kept in the report.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Groups { get; init; }

    /// <summary>nstance's leader, which runs on the host; null for a database of our own.</summary>
    public NstanceLeaderInfo? Leader { get; init; }
}
