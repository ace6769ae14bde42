namespace Nstance.Temporal.Activities.Rules;

/// <summary>Deadlines, and the grace period after a failover or an outage that moves them.</summary>
internal static class Deadlines
{
    /// <summary>Reports that an agent may miss before it counts as silent.</summary>
    public const int MissedReports = 3;

    /// <summary>An instance issued before it should have registered by now.</summary>
    public static DateTimeOffset Deadline(PhaseInput input) => input.AsOf - input.Timings.RegistrationTimeout;

    /// <summary>An agent that gave no sign since then is silent: the longest of three waits.</summary>
    public static DateTimeOffset SilentSince(PhaseInput input)
    {
        var timings = input.Timings;
        TimeSpan[] waits =
            [timings.RegistrationTimeout, MissedReports * timings.HealthCheckInterval, timings.SettleTime];
        return input.AsOf - waits.Max();
    }

    /// <summary>True: written so recently that the cloud's answers may not know its machine yet.</summary>
    public static bool IsYoung(InstanceRow row, PhaseInput input)
    {
        var settled = input.AsOf - input.Timings.SettleTime;
        return row.Issued > settled || row.CreatedAt > settled;
    }

    /// <summary>A skip while the grace period covers a deadline; null: it does not.</summary>
    public static Verdict? Covers(PhaseInput input, DateTimeOffset deadline) =>
        input.Grace is { } grace && grace.Since >= deadline
            ? Verdict.Skip(
                $"grace period until {grace.Since + (input.AsOf - deadline):yyyy-MM-dd HH:mm:ss}Z: {grace.Why}")
            : null;
}
