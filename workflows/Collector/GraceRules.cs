namespace Nstance.Temporal.Workflows.Collector;

/// <summary>Grace periods: after a failover or an outage, deadlines restart at the first good sync. Pure.</summary>
internal static class GraceRules
{
    private const int LongGap = 2;

    /// <summary>After a good sync: starts a grace period when another host or a long gap came before it.</summary>
    public static GcState Synced(GcState state, string? newHost, ShardTimings timings, DateTimeOffset asOf)
    {
        var why = newHost is not null ? $"host {newHost} took over"
            : state.SyncedAt is { } last && asOf - last > Cadence.Interval(timings) * LongGap
                ? $"no good sync from {last.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z on"
            : null;
        return state with { SyncedAt = asOf, Grace = why is null ? state.Grace : new(asOf, why) };
    }

    /// <summary>The grace period in effect; null: none.</summary>
    public static GraceNote? Grace(GcState state, ShardTimings timings, DateTimeOffset asOf)
    {
        if (state.Grace is not { } grace) return null;
        var ticks = Math.Max(timings.RegistrationTimeout.Ticks, timings.HealthCheckInterval.Ticks);
        var until = grace.Since + TimeSpan.FromTicks(ticks);
        return asOf < until ? new(ActivityFault.Cut(grace.Why), until) : null;
    }
}
