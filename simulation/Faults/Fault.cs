namespace Nstance.Temporal.Simulation.Faults;

internal enum FaultKind
{
    None,
    Throttled,
    InternalError,
    Unavailable,
    Denied,
    Cut,
    LostAnswer,
    Truncated,
    Delayed,
    Held,
    HeldAfter,
}

/// <summary>What happens to one call.</summary>
internal sealed record Fault(FaultKind Kind)
{
    /// <summary>Nothing: the call goes through.</summary>
    public static readonly Fault None = new(FaultKind.None);

    /// <summary>EC2: RequestLimitExceeded. S3: SlowDown.</summary>
    public static readonly Fault Throttled = new(FaultKind.Throttled);

    /// <summary>500 InternalError.</summary>
    public static readonly Fault InternalError = new(FaultKind.InternalError);

    /// <summary>503, the service is not there.</summary>
    public static readonly Fault Unavailable = new(FaultKind.Unavailable);

    /// <summary>EC2: UnauthorizedOperation. S3: AccessDenied.</summary>
    public static readonly Fault Denied = new(FaultKind.Denied);

    /// <summary>
    /// The connection is cut before anything was done. HTTP clients may quietly ask once more: a single scripted cut can
    /// pass unseen, one that is always there cannot.
    /// </summary>
    public static readonly Fault Cut = new(FaultKind.Cut);

    /// <summary>
    /// Everything is done, then the connection is cut: the caller cannot know. As with <see cref="Cut"/>, the client may
    /// ask once more by itself.
    /// </summary>
    public static readonly Fault LostAnswer = new(FaultKind.LostAnswer);

    /// <summary>How much a truncated answer keeps.</summary>
    public int Keep { get; private init; }

    public TimeSpan For { get; private init; }

    public Task? Gate { get; private init; }

    /// <summary>
    /// A listing ends after <paramref name="keep"/> items as if it were complete; the body of an object is cut after
    /// that many bytes.
    /// </summary>
    public static Fault Truncated(int keep) => new(FaultKind.Truncated) { Keep = keep };

    /// <summary>Answered after <paramref name="time"/>, in real time.</summary>
    public static Fault Delayed(TimeSpan time) => new(FaultKind.Delayed) { For = time };

    /// <summary>Answered once <paramref name="gate"/> is open.</summary>
    public static Fault Held(Task gate) => new(FaultKind.Held) { Gate = gate };

    /// <summary>Held at a point that can be waited for: before anything is done, or when all is done but not answered.</summary>
    public static Fault Held(CallHold hold, bool after) =>
        new(after ? FaultKind.HeldAfter : FaultKind.Held) { Gate = hold.Opened, Arriving = hold.Arrive };

    private Action? Arriving { get; init; }

    /// <summary>Waits if this fault is about waiting before the call.</summary>
    public async Task WaitAsync(CancellationToken ct)
    {
        if (Kind is FaultKind.Delayed)
            await Task.Delay(For, ct);
        if (Kind is FaultKind.Held)
            await HoldAsync(ct);
    }

    /// <summary>Waits if this fault is about waiting before the answer.</summary>
    public Task WaitAfterAsync(CancellationToken ct) => Kind is FaultKind.HeldAfter ? HoldAsync(ct) : Task.CompletedTask;

    private Task HoldAsync(CancellationToken ct)
    {
        Arriving?.Invoke();
        return Gate!.WaitAsync(ct);
    }
}
