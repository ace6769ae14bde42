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
    /// The connection is cut before anything was done. HTTP clients may ask once more by themselves, so a single
    /// scripted cut can pass unseen.
    /// </summary>
    public static readonly Fault Cut = new(FaultKind.Cut);

    /// <summary>The call takes effect, then the connection is cut. The client may ask once more by itself.</summary>
    public static readonly Fault LostAnswer = new(FaultKind.LostAnswer);

    /// <summary>How much a truncated answer keeps.</summary>
    public int Keep { get; private init; }

    private CallHold? Hold { get; init; }

    /// <summary>
    /// A listing ends after <paramref name="keep"/> items as if it were complete; the body of an object is cut after
    /// that many bytes.
    /// </summary>
    public static Fault Truncated(int keep) => new(FaultKind.Truncated) { Keep = keep };

    /// <summary>Holds the call before anything is done, or when all is done but not answered.</summary>
    public static Fault Held(CallHold hold, bool after) =>
        new(after ? FaultKind.HeldAfter : FaultKind.Held) { Hold = hold };

    /// <summary>Waits if this fault holds the call before it takes effect.</summary>
    public Task WaitAsync(CancellationToken ct) => Kind is FaultKind.Held ? Hold!.PassAsync(ct) : Task.CompletedTask;

    /// <summary>Waits if this fault holds the call before the answer.</summary>
    public Task WaitAfterAsync(CancellationToken ct) =>
        Kind is FaultKind.HeldAfter ? Hold!.PassAsync(ct) : Task.CompletedTask;
}
