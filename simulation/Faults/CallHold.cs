namespace Nstance.Temporal.Simulation.Faults;

/// <summary>A call that somebody waits for, and lets go on when it suits.</summary>
internal sealed class CallHold
{
    private readonly TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The call is here.</summary>
    public Task Arrived => _arrived.Task;

    public Task Opened => _opened.Task;

    public void Arrive() => _arrived.TrySetResult();

    public void Open() => _opened.TrySetResult();
}
