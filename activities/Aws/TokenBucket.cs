namespace Nstance.Temporal.Activities.Aws;

/// <summary>
/// A token bucket that slows down when the service says that others use its tokens too: a throttle halves the rate, an
/// answer brings a twentieth of it back. Waiting is first come, first served; who would wait too long is told so at once,
/// because what it knows of its instances would be old by then. Thread-safe.
/// </summary>
/// <param name="capacity">Tokens of a full bucket.</param>
/// <param name="perSecond">Tokens that come back each second.</param>
/// <param name="time">The clock.</param>
internal sealed class TokenBucket(double capacity, double perSecond, TimeProvider time)
{
    /// <summary>The rate never falls below this share of the whole.</summary>
    private const double MinShare = 1.0 / 16;

    private static readonly TimeSpan Round = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private double _tokens = double.MaxValue; // full: filling cuts it to what the bucket holds
    private double _share = 1;
    private long _filledAt = time.GetTimestamp();
    private long? _cutAt;

    /// <summary>Tokens that come back each second now.</summary>
    public double Rate
    {
        get
        {
            lock (_lock) return perSecond * _share;
        }
    }

    /// <summary>Takes tokens; gives how long to wait before they may be used, or null: longer than that, and none was taken.</summary>
    public TimeSpan? Take(double tokens, TimeSpan longest)
    {
        lock (_lock)
        {
            Fill();

            // More than a bucket holds costs a full one, or it could never be had.
            var left = _tokens - Math.Min(tokens, capacity);
            var wait = left >= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(-left / (perSecond * _share));
            if (wait > longest) return null;
            _tokens = left;
            return wait;
        }
    }

    /// <summary>Gives back what was taken for a call that was not made.</summary>
    public void Return(double tokens)
    {
        lock (_lock) _tokens = Math.Min(capacity, _tokens + Math.Min(tokens, capacity));
    }

    public void Answered()
    {
        lock (_lock)
        {
            Fill();
            _share = Math.Min(1, _share + 0.05);
        }
    }

    public void Throttled()
    {
        lock (_lock)
        {
            Fill();

            // Once a round: calls that were under way together say the same thing.
            if (_cutAt is { } cut && time.GetElapsedTime(cut) < Round) return;
            (_share, _cutAt, _tokens) = (Math.Max(MinShare, _share / 2), time.GetTimestamp(), Math.Min(_tokens, 0));
        }
    }

    private void Fill()
    {
        var now = time.GetTimestamp();
        _tokens = Math.Min(capacity, _tokens + (time.GetElapsedTime(_filledAt, now).TotalSeconds * perSecond * _share));
        _filledAt = now;
    }
}
