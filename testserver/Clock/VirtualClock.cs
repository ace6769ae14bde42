namespace Nstance.Temporal.TestServer.Clock;

/// <summary>
/// The server's time. It runs with real time, and, where skipping is on and unlocked, jumps to the next alarm as soon
/// as nothing is being worked on. Task timeouts and poll expiry use real time (<see cref="AddReal"/>): a jump must not
/// end them. All members are used under the engine's lock.
/// </summary>
internal sealed class VirtualClock : IDisposable
{
    private static readonly TimeSpan MaxWait = TimeSpan.FromDays(1);

    private readonly TimerQueue _virtual = new();
    private readonly TimerQueue _real = new();
    private readonly Action _wake;
    private readonly Timer _timer;
    private readonly TimeProvider _time;
    private TimeSpan _ahead;
    private DateTimeOffset _armed = DateTimeOffset.MaxValue;

    public VirtualClock(TimeProvider time, bool skips, Action wake)
    {
        _time = time;
        Skips = skips;
        _wake = wake;
        _timer = new(_ => _wake(), null, Timeout.Infinite, Timeout.Infinite);
    }

    /// <summary>Whether this server skips time at all.</summary>
    public bool Skips { get; }

    /// <summary>
    /// Time runs normally while this is above zero. It starts at 1 like the Java test server's and may go negative.
    /// </summary>
    public int Locks { get; set; } = 1;

    /// <summary>Callers that sleep through the environment; an activity among them does not hold time back.</summary>
    public int Sleepers { get; set; }

    public DateTimeOffset Now => _time.GetUtcNow() + _ahead;

    public DateTimeOffset RealNow => _time.GetUtcNow();

    public Alarm Add(DateTimeOffset due, Action ring) => _virtual.Add(due, ring);

    public Alarm AddReal(TimeSpan delay, Action ring) => _real.Add(RealNow + delay, ring);

    /// <summary>Rings what is due and, while <paramref name="idle"/> allows, jumps to the next alarm.</summary>
    public void Pump(Func<bool> idle, Action settle)
    {
        while (true)
        {
            settle();
            if ((_real.TakeDue(RealNow) ?? _virtual.TakeDue(Now)) is { } ring)
            {
                ring();
                continue;
            }
            if (!Skips || Locks > 0 || _virtual.NextDue() is not { } next || !idle())
                break;
            var jump = next - Now;
            if (jump > TimeSpan.Zero)
                _ahead += jump;
        }
        Arm();
    }

    /// <summary>
    /// The timer rang, perhaps a moment too early: it must be armed again even for the same due time.
    /// </summary>
    public void Rang() => _armed = DateTimeOffset.MinValue;

    public void Dispose() => _timer.Dispose();

    private void Arm()
    {
        var due = _real.NextDue() ?? DateTimeOffset.MaxValue;
        if (_virtual.NextDue() is { } next && next - _ahead < due)
            due = next - _ahead;
        if (due == _armed && due > RealNow)
            return;
        _armed = due;
        if (due == DateTimeOffset.MaxValue)
        {
            _timer.Change(Timeout.Infinite, Timeout.Infinite);
            return;
        }
        var wait = due - RealNow;
        // A timer takes at most 49 days; waking early is harmless, it only arms again.
        wait = wait < TimeSpan.Zero ? TimeSpan.Zero : wait > MaxWait ? MaxWait : wait;
        if (wait == MaxWait)
            _armed = DateTimeOffset.MinValue;
        _timer.Change(wait + TimeSpan.FromMilliseconds(wait > TimeSpan.Zero ? 1 : 0), Timeout.InfiniteTimeSpan);
    }
}
