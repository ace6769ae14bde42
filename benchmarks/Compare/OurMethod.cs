using Nstance.Temporal.Activities;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Benchmarks.Fleet;
using Nstance.Temporal.Simulation.Chaos;

namespace Nstance.Temporal.Benchmarks.Compare;

/// <summary>The activities as a worker runs them.</summary>
internal sealed class OurMethod : IMethod
{
    private readonly MemoryBucket _bucket;
    private readonly GcActivities _gc;
    private readonly GcActivities _own;
    private readonly PhaseInput _input;
    private readonly Sql _file;

    public OurMethod(MeasuredFleet fleet, Calls calls, string path, string folder)
    {
        _bucket = new(fleet, calls);
        _file = new(path);
        var connections = new Connections(new MemoryCloud(fleet, calls), _bucket, _bucket, new PlanShelf());
        GcActivities Activities(string? shared) => new(
            new ShardDatabases
            {
                HostName = "bench",
                NstanceServerId = "bench",
                DataDirectory = folder,
                SharedDatabasePath = shared,
            },
            connections, _ => new CountedEvents());
        _gc = Activities(path);
        _own = Activities(null);
        _input = new(fleet.Shard, fleet.AsOf, new ShardTimings()) { Limits = TerminationLimits.Off };
    }

    public async Task PrepareAsync()
    {
        await _gc.AcquireShardAsync(new(_input.Shard, _input.AsOf));
        await SyncAsync();
    }

    public void ChangeAll() => _file.Run("UPDATE gc_machines SET status = 'pending'");

    public async Task<int> SyncAsync() => (await _gc.SyncProviderAsync(_input)).Listed;

    public async Task<int> CollectAsync() =>
        (await _gc.CollectAsync(_input)).Counts.Sum(counts => counts.Terminated + counts.AlreadyGone);

    public async Task<int> ScanHealthAsync() => (await _gc.ScanHealthAsync(_input)).Enqueued;

    public async Task<int> PurgeAsync() => (await _gc.PurgeRecordsAsync(_input)).Purged;

    public async Task<int> RebuildAsync() => (await _own.AcquireShardAsync(new(_input.Shard, _input.AsOf))).RecordsRead;

    public void Dispose()
    {
        _file.Dispose();
        _bucket.Dispose();
    }
}
