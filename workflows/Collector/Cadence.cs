namespace Nstance.Temporal.Workflows.Collector;

/// <summary>When cycles are due.</summary>
internal static class Cadence
{
    /// <summary>A shorter interval would only fill the history.</summary>
    public static readonly TimeSpan MinDuration = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan MaxDuration = TimeSpan.FromDays(365);

    public static ShardTimings Timings(GcSettings settings, ShardTimings? heard) => settings.Over(heard ?? new());

    public static bool IsOff(ShardTimings timings) => timings.Interval <= TimeSpan.Zero;

    public static TimeSpan Interval(ShardTimings timings) =>
        timings.Interval < MinDuration ? MinDuration : timings.Interval > MaxDuration ? MaxDuration : timings.Interval;

    /// <summary>One interval after the last start; at once before the first.</summary>
    public static DateTimeOffset Next(DateTimeOffset? lastCycleAt, ShardTimings timings, DateTimeOffset now) =>
        lastCycleAt is { } last ? last + Interval(timings) : now;

    /// <summary>
    /// What the next interval counts from. A few milliseconds of a late timer must not add up over years, so a start
    /// that is as good as punctual counts from its due time. One that is really late counts from now: never two in a row.
    /// </summary>
    public static DateTimeOffset Anchor(DateTimeOffset? due, DateTimeOffset now, ShardTimings timings) =>
        due is { } at && at <= now && now - at < Interval(timings) / 10 ? at : now;
}
