namespace Nstance.Temporal.Workflows.Collector;

/// <summary>
/// What a <see cref="Cycle"/> asks of its surroundings. The workflow runs each step as an activity. Chaos runs it in
/// virtual time. A step retries by itself; its outcome is final.
/// </summary>
internal interface ICycleSteps
{
    /// <summary>The current time.</summary>
    DateTimeOffset Now { get; }

    /// <summary>True: an operator or a cancellation stops the cycle.</summary>
    bool IsStopped { get; }

    /// <summary>True: the whole collector was cancelled, not only this cycle.</summary>
    bool IsCancelled { get; }

    Task<PhaseOutcome<AcquireShardResult>> AcquireAsync(AcquireShardInput input, PhaseContext context);

    Task<PhaseOutcome<SyncResult>> SyncAsync(PhaseInput input, PhaseContext context);

    Task<PhaseOutcome<CollectResult>> CollectAsync(PhaseInput input, PhaseContext context);

    Task<PhaseOutcome<HealthScanResult>> ScanHealthAsync(PhaseInput input, PhaseContext context);

    Task<PhaseOutcome<PurgeResult>> PurgeAsync(PhaseInput input, PhaseContext context);

    /// <summary>Shows the phase that begins now.</summary>
    void ShowPhase();

    /// <summary>Logs the loss of a host.</summary>
    void LogHostLost(string host, string why);
}

/// <summary>
/// What a step needs beside the input of its activity: the host's queue (null: the one that all hosts share), the
/// settings that the cycle began with, and the time left until the cycle must end.
/// </summary>
internal sealed record PhaseContext(
    string Phase, int Cycle, string? TaskQueue, GcSettings Settings, ShardTimings Timings, TimeSpan Remaining);

/// <summary>The result of a step, or the fault that ended it; exactly one of the two is set.</summary>
internal sealed record PhaseOutcome<T>(T? Result, ActivityFault? Fault)
    where T : class
{
    public static implicit operator PhaseOutcome<T>(T result) => new(result, null);

    public static implicit operator PhaseOutcome<T>(ActivityFault fault) => new(null, fault);
}
