namespace Nstance.Temporal.Workflows.Collector;

/// <summary>When cycles are due.</summary>
internal static class Cadence
{
    /// <summary>Why no cycle is due any more.</summary>
    public const string Off = "collection is off: the interval is zero or less";

    /// <summary>A shorter interval would only fill the history.</summary>
    private static readonly TimeSpan MinInterval = TimeSpan.FromSeconds(1);

    public static ShardTimings Timings(GcSettings settings, ShardTimings? known) => settings.Over(known ?? new());

    public static bool IsOff(ShardTimings timings) => timings.Interval <= TimeSpan.Zero;

    public static TimeSpan Interval(ShardTimings timings) => TimeSpan.FromTicks(Math.Clamp(
        timings.Interval.Ticks, MinInterval.Ticks, GcSettingsRules.MaxDuration.Ticks));

    /// <summary>One interval after the last start; at once before the first.</summary>
    public static DateTimeOffset Next(DateTimeOffset? lastCycleAt, ShardTimings timings, DateTimeOffset now) =>
        lastCycleAt is { } last ? last + Interval(timings) : now;

    /// <summary>
    /// Returns the time from which the next interval counts. A nearly punctual start counts from its due time, so that
    /// late timers do not add up. A late start counts from now, so that two cycles never follow at once.
    /// </summary>
    public static DateTimeOffset Anchor(DateTimeOffset? due, DateTimeOffset now, ShardTimings timings) =>
        due is { } at && at <= now && now - at < Interval(timings) / 10 ? at : now;
}
