namespace Nstance.Temporal.Workflows.Collector;

/// <summary>Grace periods: after a failover or an outage, deadlines restart at the first good sync. Pure.</summary>
internal static class GraceRules
{
    /// <summary>This many renewals in a row are a problem: nothing that waits for a deadline is terminated.</summary>
    public const int MaxRenewals = 3;

    private const int LongGap = 2;

    /// <summary>
    /// After a good sync: starts a grace period when another host, an election of nstance or a long gap came before it.
    /// The cycle began at <paramref name="asOf"/>; the sync ended <paramref name="now"/>.
    /// </summary>
    public static GcState Synced(
        GcState state, NstanceLeaderInfo? leader, ShardTimings timings, DateTimeOffset asOf, DateTimeOffset now)
    {
        var isElected = IsElected(state, leader);
        var why = isElected ? $"{leader!.Id} became nstance's leader"
            : state.NewHost is { } newHost ? $"host {newHost} took over"
            : IsLongGap(state, timings, asOf)
                ? $"no good sync from {state.SyncedAt!.Value.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z on"
            : null;
        state = state with { SyncedAt = now, Leader = leader, NewHost = null };
        if (why is null) return Corrected(state, asOf, now);
        // The election may be later than the start of the cycle.
        var from = isElected && leader!.Since > asOf ? leader.Since : asOf;
        return state with { Grace = new(from, why, Renewals(state, asOf)) };
    }

    /// <summary>True: nstance elected this leader since the last good sync, and reset every report of health.</summary>
    public static bool IsElected(GcState state, NstanceLeaderInfo? leader) =>
        leader is not null && state.Leader is { } before && (leader.Id != before.Id || leader.Since != before.Since);

    /// <summary>The grace period in effect; null: none.</summary>
    public static GraceNote? Grace(GcState state, ShardTimings timings, DateTimeOffset asOf)
    {
        if (state.Grace is not { } grace) return null;
        var ticks = Math.Max(timings.RegistrationTimeout.Ticks, timings.HealthCheckInterval.Ticks);
        var until = grace.Since + TimeSpan.FromTicks(ticks);
        return asOf < until ? new(ActivityFault.Cut(grace.Why), until, grace.Renewals) : null;
    }

    /// <summary>What an operator must know when the grace period does not end; null: nothing.</summary>
    public static string? Problem(GraceNote? grace) => grace is { Renewals: >= MaxRenewals }
        ? $"the grace period began anew in {grace.Renewals} cycles in a row: nothing that waits for a deadline is "
            + $"terminated (the last time, because {grace.Why})"
        : null;

    /// <summary>
    /// Temporal's clock was ahead when a grace period began that lies ahead now. It begins now: until then nothing
    /// would be terminated.
    /// </summary>
    private static GcState Corrected(GcState state, DateTimeOffset asOf, DateTimeOffset now) =>
        state.Grace is { } grace && grace.Since > now
            ? state with { Grace = grace with { Since = asOf } } : state;

    /// <summary>
    /// A gap counts from the end of the last good sync. Cycles that take longer than the interval follow each
    /// other at once, so their own duration does not count.
    /// </summary>
    private static bool IsLongGap(GcState state, ShardTimings timings, DateTimeOffset asOf)
    {
        var interval = Cadence.Interval(timings);
        var usual = state.CycleTook > interval ? state.CycleTook : interval;
        return asOf - state.SyncedAt > usual * LongGap;
    }

    private static int Renewals(GcState state, DateTimeOffset asOf)
    {
        var last = state.Reports.FirstOrDefault(report => report.Sync is not null);
        if (last?.Grace is null || state.Grace is not { } before) return 0;
        // Within one cycle two hosts may have begun it.
        return before.Since < asOf ? before.Renewals + 1 : before.Renewals;
    }
}
