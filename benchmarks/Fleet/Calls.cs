namespace Nstance.Temporal.Benchmarks.Fleet;

/// <summary>Counts calls over the network, and the time that they cost.</summary>
internal sealed class Calls(TimeSpan latency)
{
    private int _made;
    private int _added;

    public int Total => _made + _added;

    /// <summary>Time of the calls of <see cref="Add"/>, which was not waited for.</summary>
    public TimeSpan Added => latency * _added;

    public void Reset() => _made = _added = 0;

    public Task MakeAsync(CancellationToken ct)
    {
        Interlocked.Increment(ref _made);
        return latency > TimeSpan.Zero ? Task.Delay(latency, ct) : Task.CompletedTask;
    }

    /// <summary>Counts the calls for items in batches, which follow each other.</summary>
    public void Add(int items, int batchSize = 1) => _added += (items + batchSize - 1) / batchSize;
}
