namespace Nstance.Temporal.Activities.Rules;

/// <summary>What the shard's file says about its agents.</summary>
/// <param name="Registered">Registered instances that are not deleted.</param>
/// <param name="Stale">Those whose last sign is older than the health interval.</param>
/// <param name="Reported">Those with at least one report.</param>
/// <param name="Latest">The latest report or registration; null if it is missing or invalid.</param>
internal sealed record HealthFacts(int Registered, int Stale, int Reported, DateTimeOffset? Latest)
{
    /// <summary>False for a file of our own, into which no agent reports.</summary>
    public bool IsShared { get; init; }

    /// <summary>True if agents report into it.</summary>
    public bool IsFed => IsShared || Reported > 0;

    /// <summary>Path of the file, for messages.</summary>
    public required string Path { get; init; }

    /// <summary>Health is not evaluated for the time before it; null: for all time.</summary>
    public DateTimeOffset? Since { get; init; }
}

/// <summary>Whether the file's data about health is plausible.</summary>
/// <param name="NotEvaluated">Reason that health is not evaluated; "" needs no report; null if it is.</param>
/// <param name="Suspect">Reason that the source of health is suspect; null if it is not.</param>
internal sealed record HealthVerdict(string? NotEvaluated, string? Suspect);

internal static class HealthRules
{
    /// <summary>If more than this and half of all instances are stale, the source is at fault.</summary>
    public const int MaxPlausible = 3;

    /// <summary>
    /// Returns the time before which a last sign is stale: by the cycle's time, or by this host's clock if that is
    /// earlier. The host's clock stamps the reports, and Temporal's clock may be ahead.
    /// </summary>
    public static DateTimeOffset StaleBefore(PhaseInput input) =>
        (input.HostTime < input.AsOf ? input.HostTime.Value : input.AsOf) - input.Timings.HealthCheckInterval;

    public static HealthVerdict Judge(HealthFacts facts, PhaseInput input)
    {
        // After a failover no report has arrived yet.
        if (facts.Registered == 0 || facts.Since >= StaleBefore(input)) return new("", null);
        if (!facts.IsFed)
        {
            return new(
                $"no agent reports into {facts.Path}: health is not known on this host and was not evaluated", null);
        }

        return IsImplausible(facts.Stale, facts.Registered)
            ? new(
                null,
                $"{facts.Stale} of {facts.Registered} registered instances look stale: "
                + "the source of health is suspect")
            : new(null, null);
    }

    public static bool IsImplausible(int stale, int registered) => stale > MaxPlausible && stale * 2 >= registered;

    /// <summary>Returns the number of health intervals since the last sign or the start of the grace period.</summary>
    public static int Missed(InstanceRow row, DateTimeOffset? since, PhaseInput input)
    {
        var last = row.LastSign;
        if (since > last) last = since.Value;
        if (input.Grace?.Since > last) last = input.Grace.Since;
        return Missed(last, input.AsOf, input.Timings);
    }

    public static int Missed(DateTimeOffset last, DateTimeOffset asOf, ShardTimings timings) =>
        (int)Math.Clamp((asOf - last) / timings.HealthCheckInterval, 0, int.MaxValue);
}
