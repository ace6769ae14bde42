using Temporalio.Api.Enums.V1;
using Temporalio.Client;

namespace Nstance.Temporal.Activities.Reconcile;

/// <summary>Signals events to the shard's reconciler, and starts it if it does not run.</summary>
internal sealed class ReconcilerEventSink(ITemporalClient client, string host, TimeSpan healthCheckInterval)
    : IEventSink
{
    // By name, because this folder does not reference the workflow's type.
    private const string Workflow = "ReconcilerWorkflow";
    private const string Signal = "Enqueue";

    public Task SendAsync(ShardRef shard, EventBatch batch, CancellationToken ct)
    {
        var sent = batch with { HostTaskQueue = batch.HostTaskQueue ?? Names.HostTaskQueue(host) };
        var options = new WorkflowOptions(Names.ReconcilerWorkflowId(shard.Cluster, shard.Shard), Names.TaskQueue)
        {
            StartSignal = Signal,
            StartSignalArgs = [sent],
            IdConflictPolicy = WorkflowIdConflictPolicy.UseExisting,
            Rpc = new RpcOptions { CancellationToken = ct },
        };
        object[] start = [new ReconcilerInput(shard) { HealthCheckInterval = healthCheckInterval }];
        return client.StartWorkflowAsync(Workflow, start, options);
    }
}
