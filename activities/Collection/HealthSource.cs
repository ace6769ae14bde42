using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Workflows.Contracts;

namespace Nstance.Temporal.Activities.Collection;

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

    public string Sentence => $"{Stale} of {Registered} registered instances look stale: the source of health is suspect";

    /// <summary>Registered rows with a time that no rule can use; 0 where it was not asked for.</summary>
    public int Unusable { get; init; }

    /// <param name="database">Whose rows.</param>
    /// <param name="input">The phase's.</param>
    /// <param name="countsUnusable">True: with <see cref="Unusable"/>.</param>
    public static HealthSource Assess(ShardDatabase database, PhaseInput input, bool countsUnusable = false)
    {
        var before = input.AsOf - input.Timings.HealthCheckInterval;
        var counts = countsUnusable ? database.CountHealthAndUnusable(before, input.AsOf) : database.CountHealth(before);
        var source = new HealthSource(counts.Registered, [], null) { Latest = counts.Latest, Unusable = counts.Unusable };

        // After a change of host no report is here yet: silence before we looked is not silence.
        if (counts.Registered == 0 || database.GetMetaTime(MetaKeys.HealthFrom) >= before) return source with { NotJudged = "" };
        if (database.IsOwn && counts.Reported == 0)
            return source with { NotJudged = $"no agent reports into {database.Path}: health is not known on this host and was not judged" };
        return counts.Stale == 0 ? source : source with { StaleRows = database.FindStale(before) };
    }
}
