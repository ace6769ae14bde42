namespace Nstance.Temporal.Simulation.Fleet;

/// <summary>The demo's timings: nstance's rules in seconds instead of minutes.</summary>
internal static class FleetTimings
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(3);
    public static readonly TimeSpan RegistrationTimeout = TimeSpan.FromSeconds(5);
    public static readonly TimeSpan HealthCheckInterval = TimeSpan.FromSeconds(2.5);
    public static readonly TimeSpan Retention = TimeSpan.FromSeconds(6);
    public static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(1);

    /// <summary>The nearest to off for nstance's own search for dangling instances (contract).</summary>
    public static readonly TimeSpan NstanceRegistrationTimeout = TimeSpan.FromHours(8760);
}
