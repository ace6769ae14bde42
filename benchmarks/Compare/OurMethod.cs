using Nstance.Temporal.Activities;
using Nstance.Temporal.Benchmarks.Fleet;

namespace Nstance.Temporal.Benchmarks.Compare;

/// <summary>The activities as a worker runs them.</summary>
internal sealed class OurMethod : IMethod
{
    private readonly MemoryBucket _bucket;
    private readonly GcActivities _gc;
    private readonly GcActivities _own;
    private readonly PhaseInput _input;

    public OurMethod(MeasuredFleet fleet, Calls calls, string path)
    {
        _bucket = new(fleet, calls);
        _gc = _bucket.Activities(Path.GetDirectoryName(path)!, path);
        _own = _bucket.Activities(Path.GetDirectoryName(path)!, null);
        _input = new(fleet.Shard, fleet.AsOf, new ShardTimings()) { Limits = TerminationLimits.Off };
    }

    public async Task<int> RunAsync(Phase phase) => phase switch
    {
        Phase.Sync => (await _gc.SyncProviderAsync(_input)).Listed,
        Phase.Collect => (await _gc.CollectAsync(_input)).Counts.Sum(count => count.Terminated + count.AlreadyGone),
        Phase.Health => (await _gc.ScanHealthAsync(_input)).Enqueued,
        Phase.Purge => (await _gc.PurgeRecordsAsync(_input)).Purged,
        _ => (await (phase == Phase.Begin ? _gc : _own).AcquireShardAsync(new(_input.Shard, _input.AsOf))).RecordsRead,
    };

    public void Dispose() => _bucket.Dispose();
}
