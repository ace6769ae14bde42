using Temporalio.Activities;

namespace Nstance.Temporal.Activities;

/// <summary>
/// Sends the heartbeats of one attempt at a phase. The first one is due after half of the heartbeat timeout, so that a
/// short phase sends none: the server refuses a heartbeat after the end with <c>UnknownActivity</c>. Outside of an
/// activity nothing is sent.
/// </summary>
internal sealed class PhaseHeartbeat : IDisposable
{
    /// <summary>Wait of an activity without a heartbeat timeout; the SDK's own throttle.</summary>
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
    /// Sends the last details after a failure, for the next attempt. An attempt that the workflow cancelled has none.
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
