namespace Nstance.Temporal.Activities.Aws;

/// <summary>
/// A token bucket whose rate adapts to the service: a throttle halves it, and each answer restores a twentieth. First
/// come, first served. A caller that would wait too long gets no tokens, because its evidence would get old.
/// Thread-safe.
/// </summary>
/// <param name="capacity">Tokens of a full bucket.</param>
/// <param name="perSecond">Tokens that return each second.</param>
/// <param name="time">The clock.</param>
internal sealed class TokenBucket(double capacity, double perSecond, TimeProvider time)
{
    private const double MinShare = 1.0 / 16;

    /// <summary>The share that an answer restores.</summary>
    private const double Recovery = 1.0 / 20;

    /// <summary>Throttles within this time count once, because their calls were in flight together.</summary>
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private double _tokens = double.MaxValue; // full: the first fill cuts it to the capacity
    private double _share = 1;
    private long _filledAt = time.GetTimestamp();
    private long? _cutAt;

    /// <summary>Tokens that return each second now.</summary>
    public double Rate
    {
        get
        {
            lock (_lock) return perSecond * _share;
        }
    }

    /// <summary>
    /// Takes tokens and returns how long to wait for them; null, without tokens, if that exceeds
    /// <paramref name="maxWait"/>.
    /// </summary>
    public TimeSpan? Take(double tokens, TimeSpan maxWait)
    {
        lock (_lock)
        {
            Fill();

            // More than the capacity costs a full bucket, or it would never be granted.
            var left = _tokens - Math.Min(tokens, capacity);
            var wait = left >= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(-left / (perSecond * _share));
            if (wait > maxWait) return null;
            _tokens = left;
            return wait;
        }
    }

    public void Answered()
    {
        lock (_lock)
        {
            Fill();
            _share = Math.Min(1, _share + Recovery);
        }
    }

    public void Throttled()
    {
        lock (_lock)
        {
            Fill();
            if (_cutAt is { } cut && time.GetElapsedTime(cut) < Round) return;
            _share = Math.Max(MinShare, _share / 2);
            _tokens = Math.Min(_tokens, 0);
            _cutAt = time.GetTimestamp();
        }
    }

    private void Fill()
    {
        var now = time.GetTimestamp();
        _tokens = Math.Min(capacity, _tokens + (time.GetElapsedTime(_filledAt, now).TotalSeconds * perSecond * _share));
        _filledAt = now;
    }
}
