namespace Nstance.Temporal.Simulation.Faults;

internal enum FaultKind
{
    None, // the call goes through
    Throttled, // EC2: RequestLimitExceeded. S3: SlowDown
    InternalError, // 500
    Unavailable, // 503, the service is not there
    Denied, // EC2: UnauthorizedOperation. S3: AccessDenied
    Unsupported, // EC2: UnsupportedOperation, such as the stop of a spot instance
    Cut, // the connection is cut before anything was done; the client may ask once more by itself
    LostAnswer, // the call takes effect, then the connection is cut; the client may ask once more by itself
    Truncated, // a listing ends early as if it were complete, or the body of an object is cut
    Held, // the call waits before it takes effect
    HeldAfter, // the call takes effect, and waits before the answer
}

/// <summary>What happens to one call.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Keep">How many items or bytes a truncated answer keeps.</param>
internal sealed record Fault(FaultKind Kind, int Keep = 0)
{
    public static readonly Fault None = new(FaultKind.None);
    public static readonly Fault Throttled = new(FaultKind.Throttled);
    public static readonly Fault InternalError = new(FaultKind.InternalError);
    public static readonly Fault Unavailable = new(FaultKind.Unavailable);
    public static readonly Fault Denied = new(FaultKind.Denied);
    public static readonly Fault Unsupported = new(FaultKind.Unsupported);
    public static readonly Fault Cut = new(FaultKind.Cut);
    public static readonly Fault LostAnswer = new(FaultKind.LostAnswer);

    private CallHold? Hold { get; init; }

    public static Fault Truncated(int keep) => new(FaultKind.Truncated, keep);

    /// <summary>Holds the call before anything is done, or when all is done but not answered.</summary>
    public static Fault Held(CallHold hold, bool after) =>
        new(after ? FaultKind.HeldAfter : FaultKind.Held) { Hold = hold };

    /// <summary>Waits if this fault holds the call at this point.</summary>
    public Task WaitAsync(FaultKind point, CancellationToken ct) =>
        Kind == point ? Hold!.PassAsync(ct) : Task.CompletedTask;
}

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
