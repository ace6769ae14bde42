using Nstance.Temporal.Activities.Telemetry;
using Nstance.Temporal.Worker.Options;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Temporalio.Runtime;

namespace Nstance.Temporal.Worker.Hosting;

/// <summary>
/// OpenTelemetry for <c>run</c>: Prometheus when there is a web server, OTLP when the standard variables name a
/// collector.
/// </summary>
internal static class Telemetry
{
    // The specification's own names: a host with a collector has them set already.
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    public static void Add(IServiceCollection services, GcOptions options)
    {
        var toPrometheus = options.HealthAddress != GcOptions.Off;
        var metrics = IsSet(Endpoint) || IsSet("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT");
        var traces = IsSet(Endpoint) || IsSet("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
        if (!toPrometheus && !metrics && !traces) return;
        var telemetry = services.AddOpenTelemetry().ConfigureResource(resource =>
            resource.AddService("nstance-gc", serviceInstanceId: options.HostName, serviceVersion: Version()));
        if (toPrometheus || metrics)
        {
            telemetry.WithMetrics(meters =>
            {
                meters.AddMeter(GcMeter.Name).AddRuntimeInstrumentation();
                if (toPrometheus) meters.AddPrometheusExporter();
                if (metrics) meters.AddOtlpExporter();
            });
        }

        if (traces) telemetry.WithTracing(spans => spans.AddSource(GcMeter.Name).AddOtlpExporter());
    }

    private static bool IsSet(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 };

    private static string? Version() => typeof(Telemetry).Assembly.GetName().Version?.ToString(3);
}

/// <summary>Brings the SDK's own metrics, and those of workflow code, into the collector's meter.</summary>
internal sealed class TemporalMetrics : ICustomMetricMeter
{
    public ICustomMetricCounter<T> CreateCounter<T>(string name, string? unit, string? description)
        where T : struct => new Instrument<T>(GcMeter.Meter.CreateCounter<T>(name, unit, description).Add);

    public ICustomMetricHistogram<T> CreateHistogram<T>(string name, string? unit, string? description)
        where T : struct => new Instrument<T>(GcMeter.Meter.CreateHistogram<T>(name, unit, description).Record);

    public ICustomMetricGauge<T> CreateGauge<T>(string name, string? unit, string? description)
        where T : struct => new Instrument<T>(GcMeter.Meter.CreateGauge<T>(name, unit, description).Record);

    /// <summary>Makes a set of tags, once for each: the SDK keeps it.</summary>
    public object CreateTags(object? appendFrom, IReadOnlyCollection<KeyValuePair<string, object>> tags) =>
        (KeyValuePair<string, object?>[])
        [
            .. ((KeyValuePair<string, object?>[]?)appendFrom ?? []).Where(old => !tags.Any(tag => tag.Key == old.Key)),
            .. tags.Select(tag => new KeyValuePair<string, object?>(tag.Key, tag.Value)),
        ];

    private sealed class Instrument<T>(Action<T, KeyValuePair<string, object?>[]> record)
        : ICustomMetricCounter<T>, ICustomMetricHistogram<T>, ICustomMetricGauge<T>
        where T : struct
    {
        public void Add(T value, object tags) => Record(value, tags);

        public void Set(T value, object tags) => Record(value, tags);

        public void Record(T value, object tags) => record(value, (KeyValuePair<string, object?>[])tags);
    }
}
