using System.Diagnostics.Metrics;

namespace Nstance.Temporal.Activities.Database;

/// <summary>
/// How long SQLite's write lock is held: nstance's server waits for it, too, when the file is shared.
/// </summary>
internal static class WriteLockMetric
{
    public const string MeterName = "Nstance.Temporal.Database";

    /// <summary>Its values are the words of <see cref="Record"/>.</summary>
    public const string Database = "database";

    public const string Shared = "shared";

    private static readonly Meter Meter = new(MeterName);

    private static readonly Histogram<double> Held = Meter.CreateHistogram<double>(
        "nstance_gc.sqlite.write_lock", "s", "Time for which a transaction of the collector held SQLite's write lock.");

    public static void Record(TimeSpan held, bool isOwn) =>
        Held.Record(held.TotalSeconds, new KeyValuePair<string, object?>(Database, isOwn ? "own" : Shared));
}
