using System.Diagnostics.Metrics;
using Nstance.Temporal.Activities.Telemetry;
using Temporalio.Runtime;

namespace Nstance.Temporal.Worker.Hosting;

/// <summary>Brings the SDK's own metrics, and those of workflow code, into our meter: one place for everything.</summary>
internal sealed class TemporalMetrics : ICustomMetricMeter
{
    public ICustomMetricCounter<T> CreateCounter<T>(string name, string? unit, string? description)
        where T : struct => new Counted<T>(GcMeter.Meter.CreateCounter<T>(name, unit, description));

    public ICustomMetricHistogram<T> CreateHistogram<T>(string name, string? unit, string? description)
        where T : struct => new Spread<T>(GcMeter.Meter.CreateHistogram<T>(name, unit, description));

    public ICustomMetricGauge<T> CreateGauge<T>(string name, string? unit, string? description)
        where T : struct => new Shown<T>(GcMeter.Meter.CreateGauge<T>(name, unit, description));

    /// <summary>Called once for a set of tags, which are then kept.</summary>
    public object CreateTags(object? appendFrom, IReadOnlyCollection<KeyValuePair<string, object>> tags) =>
        (KeyValuePair<string, object?>[])
        [
            .. ((KeyValuePair<string, object?>[]?)appendFrom ?? []).Where(old => !tags.Any(tag => tag.Key == old.Key)),
            .. tags.Select(tag => new KeyValuePair<string, object?>(tag.Key, tag.Value)),
        ];

    private static KeyValuePair<string, object?>[] Tags(object tags) => (KeyValuePair<string, object?>[])tags;

    private sealed class Counted<T>(Counter<T> counter) : ICustomMetricCounter<T>
        where T : struct
    {
        public void Add(T value, object tags) => counter.Add(value, Tags(tags));
    }

    private sealed class Spread<T>(Histogram<T> histogram) : ICustomMetricHistogram<T>
        where T : struct
    {
        public void Record(T value, object tags) => histogram.Record(value, Tags(tags));
    }

    private sealed class Shown<T>(Gauge<T> gauge) : ICustomMetricGauge<T>
        where T : struct
    {
        public void Set(T value, object tags) => gauge.Record(value, Tags(tags));
    }
}
