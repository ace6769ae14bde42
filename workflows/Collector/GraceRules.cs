namespace Nstance.Temporal.Workflows.Collector;

/// <summary>Grace periods: after a failover or an outage, deadlines restart at the first good sync. Pure.</summary>
internal static class GraceRules
{
    private const int LongGap = 2;

    /// <summary>
    /// After a good sync: starts a grace period when another host, an election of nstance or a long gap came before it.
    /// </summary>
    public static GcState Synced(
        GcState state, string? newHost, NstanceLeaderInfo? leader, ShardTimings timings, DateTimeOffset asOf)
    {
        var isElected = IsElected(state, leader);
        var why = isElected ? $"{leader!.Id} became nstance's leader"
            : newHost is not null ? $"host {newHost} took over"
            : state.SyncedAt is { } last && asOf - last > Cadence.Interval(timings) * LongGap
                ? $"no good sync from {last.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z on"
            : null;
        // The election may be later than the start of the cycle.
        var from = isElected && leader!.Since > asOf ? leader.Since : asOf;
        return state with { SyncedAt = asOf, Leader = leader, Grace = why is null ? state.Grace : new(from, why) };
    }

    /// <summary>True: nstance elected this leader since the last good sync, and reset every report of health.</summary>
    public static bool IsElected(GcState state, NstanceLeaderInfo? leader) =>
        leader is not null && state.Leader is { } before && !leader.IsSameTerm(before);

    /// <summary>The grace period in effect; null: none.</summary>
    public static GraceNote? Grace(GcState state, ShardTimings timings, DateTimeOffset asOf)
    {
        if (state.Grace is not { } grace) return null;
        var ticks = Math.Max(timings.RegistrationTimeout.Ticks, timings.HealthCheckInterval.Ticks);
        var until = grace.Since + TimeSpan.FromTicks(ticks);
        return asOf < until ? new(ActivityFault.Cut(grace.Why), until) : null;
    }
}
