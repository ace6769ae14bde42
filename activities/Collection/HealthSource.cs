using Nstance.Temporal.Activities.LocalDb;
using Nstance.Temporal.Workflows.Contracts;

namespace Nstance.Temporal.Activities.Collection;

/// <summary>Can what the database says about health be believed? Asked by the health scan, and before anything ends.</summary>
/// <param name="Registered">Registered, live instances.</param>
/// <param name="Stale">Of those, with a report older than the health interval.</param>
/// <param name="NotJudged">Why nobody can be judged; null: they can. "" needs no words.</param>
internal sealed record HealthSource(int Registered, int Stale, string? NotJudged)
{
    /// <summary>So few may always be stale; more than these and half of all is a fault of the source.</summary>
    public const int NeverSuspect = 3;

    public bool Suspect => NotJudged is null && Stale > NeverSuspect && Stale * 2 >= Registered;

    public static HealthSource Assess(ShardDatabase database, PhaseInput input, CancellationToken cancellationToken)
    {
        var registered = database.CountRegistered();
        if (registered == 0) return new(0, 0, "");
        var before = input.AsOf - input.Timings.HealthCheckInterval;

        // After a change of host nobody's reports are here yet: silence before we looked is not silence.
        if (database.GetMetaTime(MetaKeys.HealthFrom) >= before) return new(registered, 0, "");
        if (database.IsOwn && !database.AnyHealth())
            return new(registered, 0, $"no agent reports into {database.Path}: health is not known on this host and was not judged");
        return new(registered, database.StaleRows(before, cancellationToken).Count(), null);
    }

    public string Sentence => $"{Stale} of {Registered} registered instances look stale: the source of health is suspect";
}
