namespace Nstance.Temporal.Activities.Rules;

/// <summary>
/// Signs that the collector, not the fleet, is wrong. A guard holds candidates back as a plan. Null: no guard.
/// </summary>
internal static class SafetyGuard
{
    public const string WrongPlace =
        "not found, but the cloud shows no instance of this shard at all: wrong account or region?";

    /// <summary>Maximum difference of clocks; or a quarter of the registration timeout if that is less.</summary>
    public static readonly TimeSpan MaxClockDifference = TimeSpan.FromMinutes(2);

    /// <summary>Precision of the cloud's Date: whole seconds, and the time of an answer.</summary>
    private static readonly TimeSpan DateResolution = TimeSpan.FromSeconds(3);

    /// <summary>A listing that misses more than this and half of all machines shrank implausibly.</summary>
    private const int MaxMissing = 10;

    /// <summary>
    /// No agent has registered or reported for a registration timeout: nstance's server may be down, and machines
    /// without a registration may be healthy.
    /// </summary>
    public static GuardNote? OfAgents(HealthFacts health, PhaseInput input)
    {
        var deadline = Deadlines.Deadline(input);
        if (health.Registered == 0 || !health.IsFed) return null;
        if (health.Since >= deadline || health.Latest >= deadline) return null;
        var since = health.Latest is { } latest ? $"{latest:yyyy-MM-dd HH:mm:ss}Z" : "an unknown time";
        return new(Guards.Agents, $"no agent has registered or reported since {since}: is nstance's server up?");
    }

    /// <summary>
    /// Compares the clocks of Temporal and the host at the start of the phase, and the cloud's. Rules judge by the time
    /// at which the cycle began. That time is ahead if Temporal's clock was corrected during the cycle.
    /// </summary>
    public static GuardNote? OfClocks(
        DateTimeOffset temporal, DateTimeOffset host, TimeSpan? cloudAhead, PhaseInput input)
    {
        var max = MaxDifference(input);
        var cloud = host + (cloudAhead ?? TimeSpan.Zero);
        DateTimeOffset[] times = [temporal, host, cloud, input.AsOf > temporal ? input.AsOf : temporal];
        return times.Max() - times.Min() <= max
            ? null
            : new(Guards.Clocks, $"the clocks differ by more than {max}: Temporal {times[^1]:yyyy-MM-dd HH:mm:ss}Z, "
                + $"this host {host:yyyy-MM-dd HH:mm:ss}Z, the cloud {cloud:yyyy-MM-dd HH:mm:ss}Z; "
                + "correct the wrong one");
    }

    /// <summary>The cloud answered about none of the candidates.</summary>
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
    /// A cloud in the wrong account or region finds nothing. One own instance proves the right place. Without one, "not
    /// found" is not evidence.
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
