namespace Nstance.Temporal.Activities.Rules;

/// <summary>
/// Signs that the collector, not the fleet, is wrong. A guard holds candidates back as a plan; null: no doubt.
/// </summary>
internal static class SafetyGuard
{
    public const string WrongPlace =
        "not found, but the cloud shows no instance of this shard at all: wrong account or region?";

    /// <summary>
    /// Clocks may differ by this, or by a quarter of the registration timeout if that is less (design).
    /// </summary>
    public static readonly TimeSpan MaxClockDifference = TimeSpan.FromMinutes(2);

    /// <summary>The cloud's Date has whole seconds, and an answer takes time: less is no difference.</summary>
    private static readonly TimeSpan DateResolution = TimeSpan.FromSeconds(3);

    /// <summary>
    /// So many may always be missing. More than these and half of all is a listing that shrank implausibly.
    /// </summary>
    private const int MaxMissing = 10;

    /// <summary>
    /// No agent has registered or reported for a registration timeout: then machines that look as if they never
    /// registered may be alive, and nstance's server may be what is gone.
    /// </summary>
    public static GuardNote? OfAgents(HealthFacts health, PhaseInput input)
    {
        var deadline = Deadlines.Deadline(input);
        if (health.Registered == 0 || !health.IsFed) return null;
        if (health.Since >= deadline || health.Latest >= deadline) return null;
        var since = health.Latest is { } latest ? $"{latest:yyyy-MM-dd HH:mm:ss}Z" : "an unknown time";
        return new(Guards.Agents, $"no agent has registered or reported since {since}: is nstance's server up?");
    }

    /// <summary>The clocks of Temporal and the host when the phase began, and the cloud's when it answered.</summary>
    public static GuardNote? OfClocks(
        DateTimeOffset temporal, DateTimeOffset host, TimeSpan? cloudAhead, PhaseInput input)
    {
        var max = MaxDifference(input);
        var cloud = host + (cloudAhead ?? TimeSpan.Zero);
        DateTimeOffset[] times = [temporal, host, cloud];
        return times.Max() - times.Min() <= max
            ? null
            : new(Guards.Clocks, $"the clocks differ by more than {max}: Temporal {temporal:yyyy-MM-dd HH:mm:ss}Z, "
                + $"this host {host:yyyy-MM-dd HH:mm:ss}Z, the cloud {cloud:yyyy-MM-dd HH:mm:ss}Z; "
                + "correct the wrong one");
    }

    /// <summary>The cloud answered about none of the candidates that it was asked about.</summary>
    public static GuardNote? OfCloud(IEnumerable<Assessment> assessments)
    {
        var asked = assessments.Where(a => a.Evidence.Row?.ProviderId is not null).ToArray();
        return asked.Length > 0 && Array.TrueForAll(asked, a => a.Evidence.CloudUnknown is not null)
            ? new(
                Guards.Cloud,
                $"the cloud could not say anything about any of {asked.Length} candidates: "
                + asked[0].Evidence.CloudUnknown)
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

    private static TimeSpan MaxDifference(PhaseInput input)
    {
        var quarter = input.Timings.RegistrationTimeout / 4;
        var max = quarter < MaxClockDifference ? quarter : MaxClockDifference;
        return max > DateResolution ? max : DateResolution;
    }
}
