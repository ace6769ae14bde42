using Nstance.Temporal.Activities.Database;

namespace Nstance.Temporal.Activities.Health;

/// <summary>Can what the database says about health be believed? Asked by the health scan, and before anything ends.</summary>
/// <param name="Registered">Registered, live instances.</param>
/// <param name="StaleRows">Of those, with a report older than the health interval.</param>
/// <param name="NotJudged">Reason that health is not evaluated; "" needs no words; null if it is.</param>
internal sealed record HealthSource(int Registered, IReadOnlyList<InstanceRow> StaleRows, string? NotJudged)
{
    /// <summary>So few may always be stale; more than these and half of all is a fault of the source.</summary>
    public const int MaxPlausible = 3;

    public int Stale => StaleRows.Count;

    public bool Suspect => NotJudged is null && Stale > MaxPlausible && Stale * 2 >= Registered;

    /// <summary>The latest report or registration; null: none, or not a time.</summary>
    public DateTimeOffset? Latest { get; init; }

    /// <summary>Registered rows with a time that no rule can use.</summary>
    public IReadOnlyList<InstanceRow> Unusable { get; init; } = [];

    public string Sentence => $"{Stale} of {Registered} registered instances look stale: the source of health is suspect";

    /// <param name="database">Whose rows.</param>
    /// <param name="input">The phase's.</param>
    /// <param name="needsRows">True: with <see cref="StaleRows"/> and <see cref="Unusable"/>; false: they may be empty.</param>
    public static HealthSource Assess(ShardDatabase database, PhaseInput input, bool needsRows)
    {
        var before = input.AsOf - input.Timings.HealthCheckInterval;
        var counts = needsRows ? default : database.CountHealth(before);
        IReadOnlyList<InstanceRow> stale = [];
        IReadOnlyList<InstanceRow> unusable = [];

        // The count may be a few too many. Rows are read where they are needed, or where there are so many that it is in doubt.
        if (needsRows || (counts.Stale > MaxPlausible && counts.Stale * 2 >= counts.Registered))
            (counts, stale, unusable) = database.FindStale(before, input.AsOf);
        var source = new HealthSource(counts.Registered, stale, null) { Latest = counts.Latest, Unusable = unusable };

        // After a change of host no report is here yet: silence before we looked is not silence.
        if (counts.Registered == 0 || database.GetMetaTime(MetaKeys.HealthFrom) >= before) return source with { StaleRows = [], NotJudged = "" };
        return database.IsOwn && counts.Reported == 0
            ? source with { StaleRows = [], NotJudged = $"no agent reports into {database.Path}: health is not known on this host and was not judged" }
            : source;
    }
}
