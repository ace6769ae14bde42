using Nstance.Temporal.Activities.Reconciling;
using Nstance.Temporal.Workflows.Contracts;

namespace Nstance.Temporal.Tests.Support;

internal sealed class FakeEventSink : IEventSink
{
    public List<EventBatch> Batches { get; } = [];

    public Exception? Fault { get; set; }

    public IEnumerable<ReconcileEvent> Events => Batches.SelectMany(b => b.Events);

    public Task SendAsync(ShardRef shard, EventBatch batch, CancellationToken cancellationToken)
    {
        if (Fault is not null) throw Fault;
        Batches.Add(batch);
        return Task.CompletedTask;
    }
}
