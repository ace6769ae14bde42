using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Nstance.Temporal.Activities.Telemetry;

/// <summary>
/// Calls to the cloud and the bucket. Labels: service, operation, result; never a shard, an id or a message.
/// </summary>
internal static class CallMetrics
{
    private static readonly Counter<long> Calls = GcMeter.Meter.CreateCounter<long>(
        "nstance.gc.cloud.calls", description: "Calls to EC2 and S3 by operation and result (ok, throttled, denied …)");

    private static readonly Histogram<double> Durations = GcMeter.Meter.CreateHistogram<double>(
        "nstance.gc.cloud.call.duration", "s",
        "Time of a call to EC2 or S3, the SDK's own retries included", tags: null,
        GcMeter.Seconds(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60));

    public static void Record(string service, string operation, string result, long began)
    {
        var where = new KeyValuePair<string, object?>("service", service);
        var what = new KeyValuePair<string, object?>("operation", operation);
        Calls.Add(1, where, what, new("result", result));
        Durations.Record(Stopwatch.GetElapsedTime(began).TotalSeconds, where, what);
    }
}
