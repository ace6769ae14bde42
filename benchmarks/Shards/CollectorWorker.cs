using Nstance.Temporal.Activities;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.KeepAlive;
using Nstance.Temporal.Benchmarks.Fleet;
using Nstance.Temporal.Benchmarks.Ports;
using Nstance.Temporal.Worker.Options;
using Nstance.Temporal.Workflows;
using Temporalio.Client;
using Temporalio.Worker;

namespace Nstance.Temporal.Benchmarks.Shards;

/// <summary>A worker's two halves with the workflows, activities and settings of <c>nstance-gc run</c>, the ports in memory.</summary>
internal static class CollectorWorker
{
    private const string Host = "bench";

    /// <summary>Runs both until <paramref name="work"/> is done.</summary>
    /// <param name="client">The server.</param>
    /// <param name="fleet">What every shard has.</param>
    /// <param name="folder">Where databases go.</param>
    /// <param name="listed">Told when a shard begins a sync.</param>
    /// <param name="work">What is measured.</param>
    public static async Task RunAsync(
        ITemporalClient client, MeasuredFleet fleet, string folder, Action<ShardRef>? listed, Func<Task> work)
    {
        var calls = new Calls(TimeSpan.Zero);
        var events = new CountedEvents();
        var gc = new GcActivities(
            new ShardDatabases { HostName = Host, DataDirectory = folder },
            new MemoryConnections(new MemoryCloud(fleet, calls, listed), new MemoryRecords(fleet, calls, new AdaptiveLimit()), new MemoryAudit(calls)),
            _ => events);
        using var shared = new TemporalWorker(client, Options(Names.TaskQueue)
            .AddWorkflow<GcWorkflow>().AddWorkflow<KeepAliveWorkflow>().AddWorkflow<ReconcilerWorkflow>()
            .AddActivity(gc.AcquireShardAsync).AddActivity(new KeepAliveActivities().EnsureCollectorRunsAsync));
        using var host = new TemporalWorker(client, Options(Names.HostTaskQueue(Host))
            .AddActivity(gc.SyncProviderAsync).AddActivity(gc.CollectAsync)
            .AddActivity(gc.ScanHealthAsync).AddActivity(gc.PurgeRecordsAsync));
        await shared.ExecuteAsync(() => host.ExecuteAsync(work));
        if (events.Events > 0) throw new InvalidOperationException($"not quiet: {events.Events} events");
    }

    private static TemporalWorkerOptions Options(string queue)
    {
        var options = new GcOptions();
        return new(queue)
        {
            MaxConcurrentActivities = options.MaxConcurrentActivities,
            MaxConcurrentActivityTaskPolls = options.Pollers,
            MaxConcurrentWorkflowTaskPolls = options.Pollers,
            MaxCachedWorkflows = options.MaxCachedWorkflows,
        };
    }
}
