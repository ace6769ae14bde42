using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Nstance.Temporal.Activities.Telemetry;

/// <summary>
/// The meter and the source of spans of the collector. Static, as in AWS's and Npgsql's libraries: a listener finds
/// both by name.
/// </summary>
public static class GcMeter
{
    /// <summary>Name of the meter and of the activity source.</summary>
    public const string Name = Workflows.Telemetry.CycleTrace.SourceName;

    internal static Meter Meter { get; } = new(Name);

    /// <summary>Bounds of a histogram in seconds. The exporter's defaults suit milliseconds.</summary>
    internal static InstrumentAdvice<double> Seconds(params double[] bounds) =>
        new() { HistogramBucketBoundaries = bounds };

    internal static ActivitySource Source { get; } = new(Name);

    internal static Counter<long> Counter(string name, string description) =>
        Meter.CreateCounter<long>(name, description: description);

    internal static Gauge<long> Gauge(string name, string description, string? unit = null) =>
        Meter.CreateGauge<long>(name, unit, description);

    /// <summary>Returns the labels of a shard's measurement.</summary>
    internal static TagList Tags(ShardRef shard, params ReadOnlySpan<(string Key, string Value)> more)
    {
        var tags = new TagList { { "cluster", shard.Cluster }, { "shard", shard.Shard } };
        foreach (var (key, value) in more) tags.Add(key, value);
        return tags;
    }
}
