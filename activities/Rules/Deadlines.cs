namespace Nstance.Temporal.Activities.Rules;

/// <summary>Deadlines, and the grace period after a failover or an outage that moves them.</summary>
internal static class Deadlines
{
    /// <summary>Number of missing reports after which an agent no longer reports.</summary>
    public const int MissedReports = 3;

    /// <summary>An instance issued before this time should have registered.</summary>
    public static DateTimeOffset Deadline(PhaseInput input) => input.AsOf - input.Timings.RegistrationTimeout;

    /// <summary>An agent without a sign since this time no longer reports. The longest of three waits.</summary>
    public static DateTimeOffset SilentSince(PhaseInput input)
    {
        var timings = input.Timings;
        TimeSpan[] waits =
            [timings.RegistrationTimeout, MissedReports * timings.HealthCheckInterval, timings.SettleTime];
        return input.AsOf - waits.Max();
    }

    /// <summary>True if the row is so new that the cloud may not show its machine yet.</summary>
    public static bool IsYoung(InstanceRow row, PhaseInput input)
    {
        var settled = input.AsOf - input.Timings.SettleTime;
        return row.Issued > settled || row.CreatedAt > settled;
    }

    /// <summary>Returns a skip while the grace period covers a deadline; otherwise null.</summary>
    public static Verdict? Covers(PhaseInput input, DateTimeOffset deadline) =>
        input.Grace is { } grace && grace.Since >= deadline
            ? Verdict.Wait(
                $"grace period until {grace.Since + (input.AsOf - deadline):yyyy-MM-dd HH:mm:ss}Z: {grace.Why}")
            : null;
}
