using System.Diagnostics.Metrics;
using Nstance.Temporal.Activities.Database;

namespace Nstance.Temporal.Benchmarks.Measuring;

/// <summary>Listens to how long the collector's transactions hold the write lock of a shared file.</summary>
internal sealed class WriteLocks : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Lock _lock = new();
    private double _longest;

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
                lock (_lock) _longest = Math.Max(_longest, seconds);
            }
        });
        _listener.Start();
    }

    public double TakeLongestMs()
    {
        lock (_lock)
        {
            var longest = _longest * 1000;
            _longest = 0;
            return longest;
        }
    }

    public void Dispose() => _listener.Dispose();
}
