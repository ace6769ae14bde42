using System.Collections.Concurrent;
using Temporalio.Activities;

namespace Nstance.Temporal.Tests.Flows;

/// <summary>A host whose phases find no work. It records the calls.</summary>
internal sealed class FakeGcActivities(string host) : IGcActivities
{
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(20);

    public ConcurrentQueue<string> Calls { get; } = new();

    public ConcurrentQueue<AcquireShardInput> Acquired { get; } = new();

    public ConcurrentQueue<PhaseInput> Collected { get; } = new();

    public Func<string, Exception?> Fault { get; set; } = _ => null;

    public Func<PhaseInput, CollectResult> Collects { get; set; } = _ => new();

    /// <summary>What a call does before it answers. Default nothing.</summary>
    public Func<string, Task> During { get; set; } = _ => Task.CompletedTask;

    /// <summary>Which host holds the shard now; at first this one.</summary>
    public string Host { get; set; } = host;

    /// <summary>nstance's leader. Default null: the host has its own database.</summary>
    public NstanceLeaderInfo? Leader { get; set; }

    /// <summary>Holds the phases of its name, with heartbeats, until it opens or the phase is cancelled.</summary>
    public Gate? Gate { get; set; }

    [Activity]
    public Task<AcquireShardResult> AcquireShardAsync(AcquireShardInput input)
    {
        Acquired.Enqueue(input);
        var timings = input.Settings!.Over(new());
        var holder = new AcquireShardResult(Host, Names.HostTaskQueue(Host), timings) { Leader = Leader };
        return AnswerAsync("acquire", holder);
    }

    [Activity]
    public Task<SyncResult> SyncProviderAsync(PhaseInput input) =>
        AnswerAsync("sync", new SyncResult
        {
            Listed = 200,
            Timings = input.Settings!.Over(new()),
            Leader = Leader,
        });

    [Activity]
    public Task<CollectResult> CollectAsync(PhaseInput input)
    {
        Collected.Enqueue(input);
        return AnswerAsync("collect", Collects(input));
    }

    [Activity]
    public Task<HealthScanResult> ScanHealthAsync(PhaseInput input) => AnswerAsync("health", new HealthScanResult());

    [Activity]
    public Task<PurgeResult> PurgeRecordsAsync(PhaseInput input) => AnswerAsync("purge", new PurgeResult());

    private async Task<T> AnswerAsync<T>(string call, T result)
    {
        Calls.Enqueue(call);
        await During(call);
        if (Gate is { } gate && gate.Phase == call) await gate.PassAsync(Beat);
        return Fault(call) is { } fault ? throw fault : result;
    }
}

/// <summary>Holds a phase while a test does something in the middle of it.</summary>
internal sealed class Gate(string phase)
{
    private readonly TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Phase => phase;

    /// <summary>Completes when the phase has begun.</summary>
    public Task Arrived => _arrived.Task;

    public void Open() => _open.TrySetResult();

    /// <summary>Heartbeats like a working host, since a cancellation comes as the answer to one.</summary>
    public async Task PassAsync(TimeSpan beat)
    {
        var context = ActivityExecutionContext.Current;
        _arrived.TrySetResult();
        using var timer = new PeriodicTimer(beat);
        while (!_open.Task.IsCompleted)
        {
            context.Heartbeat();
            await timer.WaitForNextTickAsync(context.CancellationToken);
        }
    }
}
