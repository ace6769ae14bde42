namespace Nstance.Temporal.Activities.Ports;

/// <summary>Where reconcile events go. At-least-once; the receiver takes a batch's key once.</summary>
internal interface IEventSink
{
    /// <summary>
    /// Hands a batch over; returning means that it will not be lost. Throws when that cannot be said.
    /// </summary>
    Task SendAsync(ShardRef shard, EventBatch batch, CancellationToken cancellationToken);
}
