using Nstance.Temporal.Activities.KeepAlive;
using Nstance.Temporal.Workflows;
using Temporalio.Client;
using Temporalio.Worker;

namespace Nstance.Temporal.Tests.Support;

/// <summary>Workers of both task queues, with the real workflow and activities of one shard.</summary>
internal sealed class ShardWorkers : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly TemporalWorker[] _workers;
    private readonly Task _run;

    public ShardWorkers(ITemporalClient client, SharedShard shard)
    {
        _workers =
        [
            new(client, new TemporalWorkerOptions(Names.TaskQueue)
                .AddWorkflow<GcWorkflow>().AddWorkflow<ReconcilerWorkflow>()
                .AddAllActivities(shard.Activities)
                .AddAllActivities(new KeepAliveActivities())),
            new(client, new TemporalWorkerOptions(Names.HostTaskQueue(SharedShard.HostName))
                .AddAllActivities(shard.Activities)),
        ];
        _run = Task.WhenAll(_workers.Select(worker => worker.ExecuteAsync(_stop.Token)));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _run.ContinueWith(_ => { }, TaskScheduler.Default);
        foreach (var worker in _workers) worker.Dispose();
        _stop.Dispose();
    }
}
