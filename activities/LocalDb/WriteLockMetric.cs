using System.Diagnostics.Metrics;

namespace Nstance.Temporal.Activities.LocalDb;

/// <summary>How long each write transaction held SQLite's one write lock: nstance's server waits that long.</summary>
internal static class WriteLockMetric
{
    public const string MeterName = "Nstance.Temporal.LocalDb";

    private static readonly Meter Meter = new(MeterName);

    public static Histogram<double> Held { get; } = Meter.CreateHistogram<double>(
        "nstance_gc.sqlite.write_lock", "s", "Time for which a transaction of the collector held SQLite's write lock.");
}
