using System.Collections.Concurrent;
using Nstance.Temporal.Workflows.Contracts;
using Temporalio.Activities;

namespace Nstance.Temporal.Tests.Flows;

/// <summary>A host whose phases find nothing to do, and which keeps what it was asked.</summary>
internal sealed class FakeGcActivities(string host) : IGcActivities
{
    public ConcurrentQueue<string> Calls { get; } = new();

    public Func<string, Exception?> Fault { get; set; } = _ => null;

    [Activity]
    public Task<AcquireShardResult> AcquireShardAsync(AcquireShardInput input) =>
        Answer("acquire", new AcquireShardResult(host, Names.HostTaskQueue(host), input.Settings!.Over(new())));

    [Activity]
    public Task<SyncResult> SyncProviderAsync(PhaseInput input) =>
        Answer("sync", new SyncResult { Listed = 200, Timings = input.Settings!.Over(new()) });

    [Activity]
    public Task<CollectResult> CollectAsync(PhaseInput input) => Answer("collect", new CollectResult());

    [Activity]
    public Task<HealthScanResult> ScanHealthAsync(PhaseInput input) => Answer("health", new HealthScanResult());

    [Activity]
    public Task<PurgeResult> PurgeRecordsAsync(PhaseInput input) => Answer("purge", new PurgeResult());

    private Task<T> Answer<T>(string call, T result)
    {
        Calls.Enqueue(call);
        return Fault(call) is { } fault ? Task.FromException<T>(fault) : Task.FromResult(result);
    }
}
