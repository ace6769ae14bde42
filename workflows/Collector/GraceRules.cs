namespace Nstance.Temporal.Workflows.Collector;

/// <summary>Since when the collector can see (design: nobody is judged for the time in which nobody looked). Pure.</summary>
internal static class GraceRules
{
    private const int LongGap = 2;

    /// <summary>After a good sync: is this the first look after a time of not looking?</summary>
    public static GcState Synced(GcState state, string? newHost, ShardTimings timings, DateTimeOffset asOf)
    {
        var why = newHost is not null ? $"host {newHost} took over"
            : state.SyncedAt is { } last && asOf - last > Cadence.Interval(timings) * LongGap
                ? $"no good sync from {last.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z on"
            : null;
        return state with { SyncedAt = asOf, Grace = why is null ? state.Grace : new(asOf, why) };
    }

    /// <summary>While health cannot be believed, nobody can be seen to register or report either.</summary>
    public static GcState Scanned(GcState state, HealthScanResult? health, DateTimeOffset asOf) =>
        health is { Suspect: true } ? state with { Grace = new(asOf, "the source of health was suspect") } : state;

    /// <summary>The grace that is on; null: none.</summary>
    public static GraceNote? Grace(GcState state, ShardTimings timings, DateTimeOffset asOf)
    {
        if (state.Grace is not { } sight) return null;
        var longest = timings.RegistrationTimeout > timings.HealthCheckInterval ? timings.RegistrationTimeout : timings.HealthCheckInterval;
        var until = sight.Since + longest;
        return asOf < until ? new(ActivityFault.Cut(sight.Why), until) : null;
    }
}
