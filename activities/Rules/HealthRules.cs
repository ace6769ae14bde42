namespace Nstance.Temporal.Activities.Rules;

/// <summary>What the shard's file says about its agents.</summary>
/// <param name="Registered">Registered, live instances.</param>
/// <param name="Stale">Of those, with a last sign older than the health interval.</param>
/// <param name="Reported">Of those, with at least one report.</param>
/// <param name="Latest">The latest report or registration; null: none, or an invalid time.</param>
internal sealed record HealthFacts(int Registered, int Stale, int Reported, DateTimeOffset? Latest)
{
    /// <summary>False: the file is our own, which nstance does not feed.</summary>
    public bool IsShared { get; init; }

    /// <summary>True: agents report into it.</summary>
    public bool IsFed => IsShared || Reported > 0;

    /// <summary>Path of the file, for messages.</summary>
    public required string Path { get; init; }

    /// <summary>Health is not evaluated for the time before it; null: always was.</summary>
    public DateTimeOffset? Since { get; init; }
}

/// <summary>Whether what the file says about health can be believed.</summary>
/// <param name="NotEvaluated">Reason that health is not evaluated; "" needs no words; null if it is.</param>
/// <param name="Suspect">One sentence: so many look stale that the source is at fault. Null: it is not.</param>
internal sealed record HealthVerdict(string? NotEvaluated, string? Suspect);

/// <summary>The rules about agents' reports.</summary>
internal static class HealthRules
{
    /// <summary>So few may always be stale. More than these and half of all is a fault of the source.</summary>
    public const int MaxPlausible = 3;

    /// <summary>
    /// A last sign before this time is stale: by the cycle's time, or by this host's clock if that is behind it.
    /// nstance writes the reports by the host's clock. By a clock of Temporal that is ahead, each agent would be late.
    /// </summary>
    public static DateTimeOffset StaleBefore(PhaseInput input) =>
        (input.HostTime < input.AsOf ? input.HostTime.Value : input.AsOf) - input.Timings.HealthCheckInterval;

    public static HealthVerdict Judge(HealthFacts facts, PhaseInput input)
    {
        // After a failover no report has arrived yet: silence before that is no evidence.
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

    /// <summary>
    /// Health intervals that an instance missed since its last sign, the grace period, or the first look.
    /// </summary>
    public static int Missed(InstanceRow row, DateTimeOffset? since, PhaseInput input)
    {
        var last = row.LastSign;
        if (since > last) last = since.Value;
        if (input.Grace?.Since > last) last = input.Grace.Since;
        return (int)Math.Min(int.MaxValue, (input.AsOf - last) / input.Timings.HealthCheckInterval);
    }
}
