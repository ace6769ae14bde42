using Nstance.Temporal.Activities;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.KeepAlive;
using Nstance.Temporal.Benchmarks.Fleet;
using Nstance.Temporal.Simulation.Chaos;
using Nstance.Temporal.Worker.Options;
using Nstance.Temporal.Workflows;
using Temporalio.Client;
using Temporalio.Worker;

namespace Nstance.Temporal.Benchmarks.Shards;

/// <summary>A worker's two halves as in <c>nstance-gc run</c>, with the ports in memory.</summary>
internal static class CollectorWorker
{
    private const string Host = "bench";

    /// <summary>Runs both until <paramref name="work"/> is done.</summary>
    /// <param name="client">The server.</param>
    /// <param name="fleet">What every shard has.</param>
    /// <param name="listed">Called when a shard begins a sync.</param>
    /// <param name="work">What is measured.</param>
    public static async Task<T> RunAsync<T>(
        ITemporalClient client, MeasuredFleet fleet, Action<ShardRef>? listed, Func<Task<T>> work)
    {
        var folder = Directory.CreateTempSubdirectory("nstance-shards-").FullName;
        try
        {
            var calls = new Calls(TimeSpan.Zero);
            var events = new CountedEvents();
            using var bucket = new MemoryBucket(fleet, calls);
            var gc = new GcActivities(
                new ShardDatabases { HostName = Host, DataDirectory = folder },
                new Connections(new MemoryCloud(fleet, calls, listed), bucket, bucket, new PlanShelf()), _ => events);
            using var shared = new TemporalWorker(client, Options(Names.TaskQueue)
                .AddWorkflow<GcWorkflow>().AddWorkflow<KeepAliveWorkflow>().AddWorkflow<ReconcilerWorkflow>()
                .AddActivity(gc.AcquireShardAsync).AddActivity(new KeepAliveActivities().EnsureCollectorRunsAsync));
            using var host = new TemporalWorker(client, Options(Names.HostTaskQueue(Host))
                .AddActivity(gc.SyncProviderAsync).AddActivity(gc.CollectAsync)
                .AddActivity(gc.ScanHealthAsync).AddActivity(gc.PurgeRecordsAsync));
            var result = await shared.ExecuteAsync(() => host.ExecuteAsync(work));
            if (events.Events > 0) throw new InvalidOperationException($"not quiet: {events.Events} events");
            return result;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
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
