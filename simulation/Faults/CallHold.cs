namespace Nstance.Temporal.Simulation.Faults;

/// <summary>A call that a test waits for, and lets go on when it suits.</summary>
internal sealed class CallHold
{
    private readonly TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the call is here.</summary>
    public Task Arrived => _arrived.Task;

    public void Open() => _opened.TrySetResult();

    /// <summary>Says that the call is here, and waits until it may go on.</summary>
    public Task PassAsync(CancellationToken ct)
    {
        _arrived.TrySetResult();
        return _opened.Task.WaitAsync(ct);
    }
}
