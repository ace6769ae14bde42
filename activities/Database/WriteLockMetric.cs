using System.Diagnostics.Metrics;

namespace Nstance.Temporal.Activities.Database;

/// <summary>
/// Measures how long a transaction holds SQLite's write lock, for which nstance's server waits if the file is shared.
/// </summary>
internal static class WriteLockMetric
{
    /// <summary>The label; its values are <c>own</c> and <see cref="Shared"/>.</summary>
    public const string Database = "database";

    public const string Shared = "shared";

    private static readonly Histogram<double> Held = GcMeter.Meter.CreateHistogram<double>(
        "nstance.gc.database.write_lock", "s",
        "Time for which a transaction of the collector held SQLite's write lock, by database (own, shared)", tags: null,
        GcMeter.Seconds(0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5));

    public static void Record(TimeSpan held, bool isOwn) =>
        Held.Record(held.TotalSeconds, new KeyValuePair<string, object?>(Database, isOwn ? "own" : Shared));
}
