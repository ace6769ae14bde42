namespace Nstance.Temporal.Tests.Support;

/// <summary>A clock that stands still until a test moves it.</summary>
internal sealed class StoppedClock : TimeProvider
{
    private TimeSpan _elapsed;

    /// <summary>The first time, before a test moves the clock.</summary>
    public Func<DateTimeOffset> Time { get; init; } = () => DateTimeOffset.UnixEpoch;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public void Advance(TimeSpan time) => _elapsed += time;

    public override long GetTimestamp() => _elapsed.Ticks;

    public override DateTimeOffset GetUtcNow() => Time() + _elapsed;
}
