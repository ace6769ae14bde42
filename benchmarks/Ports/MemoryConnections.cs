using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Benchmarks.Ports;

/// <summary>Cloud and bucket of a fleet in memory.</summary>
internal sealed class MemoryConnections(ICloud cloud, IRecordStore records, IAuditStore audit) : IConnections
{
    public IRecordStore Records(TimeSpan requestTimeout) => records;

    public IAuditStore Audit(TimeSpan requestTimeout) => audit;

    public ICloud Cloud(string? region, TimeSpan requestTimeout) => cloud;
}

/// <summary>Counts events; handing them to Temporal is measured by <c>temporal</c> and <c>shards</c>.</summary>
internal sealed class CountedEvents : IEventSink
{
    private int _events;

    public int Events => Volatile.Read(ref _events);

    public Task SendAsync(ShardRef shard, EventBatch batch, CancellationToken cancellationToken)
    {
        Interlocked.Add(ref _events, batch.Events.Count);
        return Task.CompletedTask;
    }
}
