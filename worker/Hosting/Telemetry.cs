using Nstance.Temporal.Activities.Telemetry;
using Nstance.Temporal.Worker.Options;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

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
