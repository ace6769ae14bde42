using Nstance.Temporal.Activities.Telemetry;
using Temporalio.Runtime;

namespace Nstance.Temporal.Worker.Hosting;

/// <summary>Brings the SDK's own metrics, and those of workflow code, into the collector's meter.</summary>
internal sealed class TemporalMetrics : ICustomMetricMeter
{
    public ICustomMetricCounter<T> CreateCounter<T>(string name, string? unit, string? description)
        where T : struct => new Counter<T>(GcMeter.Meter.CreateCounter<T>(name, unit, description));

    public ICustomMetricHistogram<T> CreateHistogram<T>(string name, string? unit, string? description)
        where T : struct => new Histogram<T>(GcMeter.Meter.CreateHistogram<T>(name, unit, description));

    public ICustomMetricGauge<T> CreateGauge<T>(string name, string? unit, string? description)
        where T : struct => new Gauge<T>(GcMeter.Meter.CreateGauge<T>(name, unit, description));

    /// <summary>Makes a set of tags, once for each: the SDK keeps it.</summary>
    public object CreateTags(object? appendFrom, IReadOnlyCollection<KeyValuePair<string, object>> tags) =>
        (KeyValuePair<string, object?>[])
        [
            .. ((KeyValuePair<string, object?>[]?)appendFrom ?? []).Where(old => !tags.Any(tag => tag.Key == old.Key)),
            .. tags.Select(tag => new KeyValuePair<string, object?>(tag.Key, tag.Value)),
        ];

    private static KeyValuePair<string, object?>[] Tags(object tags) => (KeyValuePair<string, object?>[])tags;

    private sealed class Counter<T>(System.Diagnostics.Metrics.Counter<T> counter) : ICustomMetricCounter<T>
        where T : struct
    {
        public void Add(T value, object tags) => counter.Add(value, Tags(tags));
    }

    private sealed class Histogram<T>(System.Diagnostics.Metrics.Histogram<T> histogram) : ICustomMetricHistogram<T>
        where T : struct
    {
        public void Record(T value, object tags) => histogram.Record(value, Tags(tags));
    }

    private sealed class Gauge<T>(System.Diagnostics.Metrics.Gauge<T> gauge) : ICustomMetricGauge<T>
        where T : struct
    {
        public void Set(T value, object tags) => gauge.Record(value, Tags(tags));
    }
}
