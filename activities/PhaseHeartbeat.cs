using Temporalio.Activities;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Activities;

/// <summary>
/// Sends the heartbeats of one attempt at a phase. The first one is due after <see cref="Interval"/>, so that a short
/// phase sends none: the server refuses a heartbeat after the end with <c>UnknownActivity</c>. Outside of an activity
/// nothing is sent.
/// </summary>
internal sealed class PhaseHeartbeat : IDisposable
{
    /// <summary>
    /// The wait before the first heartbeat, at most half of the heartbeat timeout. Workers also throttle heartbeats to
    /// it. A running phase detects a pause with a heartbeat.
    /// </summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

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
        var wait = _activity.Info.HeartbeatTimeout is { } timeout && timeout > TimeSpan.Zero && timeout / 2 < Interval
            ? timeout / 2
            : Interval;
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
    /// Asks the server whether the workflow has cancelled the activity; if so, it throws. The SDK's heartbeats are
    /// throttled and not awaited, so several batches could still be terminated after a pause was answered. Without an
    /// answer of the server nothing may be terminated.
    /// </summary>
    public async Task RequireNotCancelledAsync(CancellationToken ct)
    {
        if (_activity is null) return;
        PhaseProgress? latest;
        lock (_gate) latest = _latest;
        try
        {
            await _activity.TemporalClient.GetAsyncActivityHandle(_activity.Info.TaskToken).HeartbeatAsync(
                new() { Details = latest is null ? [] : [latest], Rpc = new() { CancellationToken = ct } });
        }
        catch (AsyncActivityCanceledException e)
        {
            // The answer to the SDK's own heartbeat cancels the token, so that the attempt ends as cancelled.
            lock (_gate) Send();
            await Task.Delay(Interval * 2, ct);
            throw new OperationCanceledException("the workflow cancelled the phase", e);
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
