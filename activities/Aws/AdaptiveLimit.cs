
namespace Nstance.Temporal.Activities.Aws;

/// <summary>
/// Bounds the reads in flight. The bound doubles in each round until the first throttle. Then a throttle halves it, and
/// a round of answers adds one. One for a process, because its shards share the service's rate.
/// </summary>
internal sealed class AdaptiveLimit : IDisposable
{
    public const int Start = 64;
    public const int Min = 4;
    public const int Max = 256;

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _turns = new(Start);
    private double _limit = Start;
    private int _turnsMade = Start; // free, and taken by calls in flight
    private bool _wasThrottled;
    private long _began;
    private long _cutAt;

    /// <summary>The bound now.</summary>
    public int Current
    {
        get
        {
            lock (_lock) return (int)_limit;
        }
    }

    /// <summary>Runs a call when the bound allows it.</summary>
    public async Task<T> RunAsync<T>(Func<Task<T>> call, CancellationToken ct)
    {
        await _turns.WaitAsync(ct);
        var number = Interlocked.Increment(ref _began);
        bool? isThrottled = null; // null: another fault, which says nothing about the rate
        try
        {
            var answer = await call();
            isThrottled = false;
            return answer;
        }
        catch (CloudException e) when (e.Fault == CloudFault.Throttled)
        {
            isThrottled = true;
            throw;
        }
        finally
        {
            Leave(number, isThrottled);
        }
    }

    public void Dispose() => _turns.Dispose();

    private void Leave(long number, bool? isThrottled)
    {
        lock (_lock)
        {
            var inFlight = _turnsMade - _turns.CurrentCount;
            if (isThrottled == false && inFlight >= (int)_limit)
                _limit = Math.Min(Max, _limit + (_wasThrottled ? 1 / _limit : 1));

            // Once in a round: a call from before the last cut says nothing about the new bound.
            if (isThrottled == true && number > _cutAt)
            {
                _wasThrottled = true;
                _limit = Math.Max(Min, _limit / 2);
                _cutAt = Interlocked.Read(ref _began);
            }

            _turnsMade--;
            while (_turnsMade > (int)_limit && _turns.Wait(0)) _turnsMade--;
            var more = (int)_limit - _turnsMade;
            if (more <= 0) return;
            _turnsMade += more;
            _turns.Release(more);
        }
    }
}
