using System.Diagnostics.Metrics;
using Nstance.Temporal.Activities.Database;

namespace Nstance.Temporal.Benchmarks.Measuring;

/// <summary>Listens to how long the collector's transactions hold the write lock of a shared file.</summary>
internal sealed class WriteLocks : IDisposable
{
    private readonly MeterListener _listener = new();
    private double _max;

    public WriteLocks()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == WriteLockMetric.MeterName) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<double>((_, seconds, tags, _) =>
        {
            foreach (var (name, value) in tags)
            {
                if (name != WriteLockMetric.Database || !WriteLockMetric.Shared.Equals(value)) continue;
                lock (_listener) _max = Math.Max(_max, seconds);
            }
        });
        _listener.Start();
    }

    /// <summary>Returns the longest since the last call, in milliseconds.</summary>
    public double TakeMaxMs()
    {
        lock (_listener)
        {
            var max = _max * 1000;
            _max = 0;
            return max;
        }
    }

    public void Dispose() => _listener.Dispose();
}
