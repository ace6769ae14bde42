using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Tests.Support;

internal sealed class FakeEventSink : IEventSink
{
    public List<EventBatch> Batches { get; } = [];

    public Exception? Fault { get; set; }

    /// <summary>Instances whose events cannot be sent.</summary>
    public Func<EventBatch, bool>? FailsFor { get; set; }

    public IEnumerable<ReconcileEvent> Events => Batches.SelectMany(b => b.Events);

    public Task SendAsync(ShardRef shard, EventBatch batch, CancellationToken cancellationToken)
    {
        if (Fault is not null) throw Fault;
        if (FailsFor?.Invoke(batch) == true) throw new InvalidOperationException("the reconciler cannot be reached");
        Batches.Add(batch);
        return Task.CompletedTask;
    }
}
