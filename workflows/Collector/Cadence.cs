using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Nstance.Temporal.Workflows.Collector;

/// <summary>When cycles are due.</summary>
internal static class Cadence
{
    /// <summary>Why no cycle is due any more.</summary>
    public const string Off = "collection is off: the interval is zero or less";

    /// <summary>
    /// First cycles are spread over one interval, and at most over this time, because an operator who sets up a shard
    /// waits for its first report. Of 300 shards, five then start in two seconds.
    /// </summary>
    private static readonly TimeSpan MaxSpread = TimeSpan.FromMinutes(2);

    /// <summary>A shorter interval would only fill the history.</summary>
    private static readonly TimeSpan MinInterval = TimeSpan.FromSeconds(1);

    public static ShardTimings Timings(GcSettings settings, ShardTimings? known) => settings.Over(known ?? new());

    public static bool IsOff(ShardTimings timings) => timings.Interval <= TimeSpan.Zero;

    public static TimeSpan Interval(ShardTimings timings) => TimeSpan.FromTicks(Math.Clamp(
        timings.Interval.Ticks, MinInterval.Ticks, GcSettingsRules.MaxDuration.Ticks));

    /// <summary>
    /// One interval after the last start. A last start that lies ahead is wrong, and the next cycle is due now. Before
    /// the first cycle, at a time that depends on the shard: shards that are started together must not run together.
    /// </summary>
    public static DateTimeOffset Next(GcState state, ShardRef shard, ShardTimings timings, DateTimeOffset now)
    {
        var interval = Interval(timings);
        if (state.LastCycleAt is { } last) return last <= now ? last + interval : now;
        var spread = interval < MaxSpread ? interval : MaxSpread;
        var first = state.NextCycleAt ?? now + (spread * Share(shard));
        return first <= now + spread ? first : now + spread;
    }

    /// <summary>
    /// Returns the time from which the next interval counts. A nearly punctual start counts from its due time, so that
    /// late timers do not add up. A late start counts from now, so that two cycles never follow at once.
    /// </summary>
    public static DateTimeOffset Anchor(DateTimeOffset? due, DateTimeOffset now, ShardTimings timings) =>
        due is { } at && at <= now && now - at < Interval(timings) / 10 ? at : now;

    /// <summary>A number from 0 to 1, always the same for a shard.</summary>
    private static double Share(ShardRef shard)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{shard.Cluster}/{shard.Shard}"));
        return BinaryPrimitives.ReadUInt32BigEndian(hash) / (double)uint.MaxValue;
    }
}
