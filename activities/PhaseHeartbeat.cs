using Temporalio.Activities;

namespace Nstance.Temporal.Activities;

/// <summary>
/// The heartbeats of one attempt at a phase. The first one is due after half of the heartbeat timeout, so a phase that
/// ends before sends none. A heartbeat that is sent just before the end reaches the server after it, and the server
/// refuses it with <c>UnknownActivity</c>. Outside of an activity nothing is sent.
/// </summary>
internal sealed class PhaseHeartbeat : IDisposable
{
    /// <summary>The wait of an activity without a heartbeat timeout; the SDK's own throttle.</summary>
    private static readonly TimeSpan WaitWithoutTimeout = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly ActivityExecutionContext? _activity;
    private readonly ITimer? _timer;
    private PhaseProgress? _latest;
    private bool _isDue;
    private bool _isOver;

    public PhaseHeartbeat(TimeProvider time)
    {
        if (!ActivityExecutionContext.HasCurrent) return;
        _activity = ActivityExecutionContext.Current;
        var wait = _activity.Info.HeartbeatTimeout is { } timeout && timeout > TimeSpan.Zero
            ? timeout / 2
            : WaitWithoutTimeout;
        _timer = time.CreateTimer(_ => BeginSending(), null, wait, Timeout.InfiniteTimeSpan);
    }

    public void Beat(string doing) => Beat(new PhaseProgress(doing));

    public void Beat(PhaseProgress progress)
    {
        lock (_gate)
        {
            _latest = progress;
            if (_isDue) Send();
        }
    }

    /// <summary>
    /// After a failure: the next attempt must know what this one did. An attempt that the workflow cancelled has no
    /// next one.
    /// </summary>
    public void Failed()
    {
        lock (_gate)
        {
            if (_activity?.CancelReason is null or ActivityCancelReason.None or ActivityCancelReason.WorkerShutdown)
                Send();
        }
    }

    public void Dispose()
    {
        lock (_gate) _isOver = true;
        _timer?.Dispose();
    }

    private void BeginSending()
    {
        lock (_gate)
        {
            _isDue = true;
            if (!_isOver) Send();
        }
    }

    private void Send()
    {
        if (_latest is { } latest) _activity?.Heartbeat(latest);
    }
}
