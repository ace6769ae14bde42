namespace Nstance.Temporal.Simulation.Fleet;

/// <summary>The demo's timings: nstance's rules in seconds instead of minutes.</summary>
internal static class FleetTimings
{
    public static TimeSpan Interval { get; } = TimeSpan.FromSeconds(3);

    public static TimeSpan RegistrationTimeout { get; } = TimeSpan.FromSeconds(5);

    public static TimeSpan HealthCheckInterval { get; } = TimeSpan.FromSeconds(2.5);

    public static TimeSpan Retention { get; } = TimeSpan.FromSeconds(6);

    public static TimeSpan SettleTime { get; } = TimeSpan.FromSeconds(1);

    /// <summary>The nearest to off for nstance's own search for dangling instances (contract).</summary>
    public static TimeSpan NstanceRegistrationTimeout { get; } = TimeSpan.FromHours(8760);
}
