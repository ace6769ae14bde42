using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Nstance.Temporal.Activities.Telemetry;

/// <summary>
/// The one meter and the one source of spans of the collector. Static, as AWS's and Npgsql's are: a listener finds both
/// by name, and what records need not be handed it.
/// </summary>
public static class GcMeter
{
    /// <summary>Name of the meter and of the activity source.</summary>
    public const string Name = Workflows.Telemetry.CycleTrace.SourceName;

    internal static Meter Meter { get; } = new(Name);

    /// <summary>Bounds of a histogram: the exporter's own begin at 5, as for milliseconds.</summary>
    internal static InstrumentAdvice<double> Seconds(params double[] bounds) =>
        new() { HistogramBucketBoundaries = bounds };

    internal static ActivitySource Source { get; } = new(Name);
}
