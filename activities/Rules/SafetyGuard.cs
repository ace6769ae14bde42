namespace Nstance.Temporal.Activities.Rules;

/// <summary>Signs that the collector, not the fleet, is wrong. Each is one sentence; null: no doubt.</summary>
internal static class SafetyGuard
{
    public const string WrongPlace =
        "not found, but the cloud shows no instance of this shard at all: wrong account or region?";

    /// <summary>
    /// Intervals by which a report may be ahead of the cycle: the cycle's time is read before its phases run.
    /// </summary>
    private const int MaxIntervalsAhead = 2;

    /// <summary>
    /// So many may always be missing. More than these and half of all is a listing that shrank implausibly.
    /// </summary>
    private const int MaxMissing = 10;

    /// <summary>Before anything is terminated: the file's clock and the agents.</summary>
    public static string? OfHealth(HealthFacts health, PhaseInput input)
    {
        if (health.Latest - input.AsOf > input.Timings.Interval * MaxIntervalsAhead)
        {
            return $"the database's clock is ahead: a report of {health.Latest:yyyy-MM-dd HH:mm:ss}Z in the cycle of "
                + $"{input.AsOf:yyyy-MM-dd HH:mm:ss}Z: nothing was terminated";
        }

        return HealthRules.Judge(health, input).Suspect is { } suspect ? $"{suspect}: nothing was terminated" : null;
    }

    /// <summary>The cloud answered about none of the candidates that it was asked about.</summary>
    public static string? OfCloud(IEnumerable<Assessment> assessments)
    {
        var asked = assessments.Where(a => a.Evidence.Row?.ProviderId is not null).ToArray();
        return asked.Length > 0 && Array.TrueForAll(asked, a => a.Evidence.CloudUnknown is not null)
            ? $"the cloud could not say anything about any of {asked.Length} candidates: "
                + asked[0].Evidence.CloudUnknown
            : null;
    }

    /// <summary>
    /// A cloud that is asked in the wrong account or region finds nothing at all. One own instance proves the right
    /// place; without one, many "not found" are no evidence.
    /// </summary>
    public static string? OfPlace(int listed, int notFound, bool sawOwn) => notFound > 0 && listed == 0 && !sawOwn
        ? $"the cloud lists nothing and finds none of {notFound} instances: wrong account or region?"
        : null;

    /// <summary>A listing that misses most of the known machines.</summary>
    public static string? OfListing(int listed, int missing) => missing > MaxMissing && missing > listed
        ? $"the listing shrank implausibly: {missing} of {listed + missing} machines are not in it"
        : null;
}
