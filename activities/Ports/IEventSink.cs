namespace Nstance.Temporal.Activities.Ports;

/// <summary>Takes reconcile events, at least once. The receiver drops a batch whose key it knows.</summary>
internal interface IEventSink
{
    /// <summary>Sends a batch. After a return the batch is not lost; after an exception it may be.</summary>
    Task SendAsync(ShardRef shard, EventBatch batch, CancellationToken ct);
}
