using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Activities.Aws;

/// <summary>
/// Bounds reads in flight by what the service bears: doubles until the first throttle, then halves at each and grows by
/// one a round. One for a process, so that many shards share what one bucket allows. Waiting is first come, first served.
/// </summary>
internal sealed class AdaptiveLimit
{
    public const int Start = 64;
    public const int Min = 4;
    public const int Max = 256;

    private readonly Lock _lock = new();
    private readonly Queue<TaskCompletionSource> _waiting = new();
    private double _limit = Start;
    private bool _wasThrottled;
    private int _inFlight;
    private long _began;
    private long _cutAt;

    /// <summary>How many may be in flight now.</summary>
    public int Current
    {
        get
        {
            lock (_lock) return (int)_limit;
        }
    }

    public async Task<T> RunAsync<T>(Func<Task<T>> call, CancellationToken cancellationToken)
    {
        var number = await EnterAsync(cancellationToken);
        var outcome = Outcome.Other;
        try
        {
            var answer = await call();
            outcome = Outcome.Answered;
            return answer;
        }
        catch (CloudException e) when (e.Fault == CloudFault.Throttled)
        {
            outcome = Outcome.Throttled;
            throw;
        }
        finally
        {
            Leave(number, outcome);
        }
    }

    private async Task<long> EnterAsync(CancellationToken cancellationToken)
    {
        TaskCompletionSource turn;
        lock (_lock)
        {
            if (_inFlight < (int)_limit)
            {
                _inFlight++;
                return _began++;
            }

            turn = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue(turn);
        }

        using var cancelled = cancellationToken.UnsafeRegister(
            static (state, token) => ((TaskCompletionSource)state!).TrySetCanceled(token), turn);
        await turn.Task;
        lock (_lock) return _began++;
    }

    private void Leave(long number, Outcome outcome)
    {
        lock (_lock)
        {
            if (outcome == Outcome.Answered && _inFlight >= (int)_limit)
                _limit = Math.Min(Max, _limit + (_wasThrottled ? 1 / _limit : 1));

            // Once a round: those that were under way at the last cut say nothing about the bound since.
            if (outcome == Outcome.Throttled && number >= _cutAt)
            {
                (_wasThrottled, _limit, _cutAt) = (true, Math.Max(Min, _limit / 2), _began);
            }

            _inFlight--;
            while (_inFlight < (int)_limit && _waiting.TryDequeue(out var next))
            {
                // One that gave up meanwhile has no use for its turn.
                if (next.TrySetResult()) _inFlight++;
            }
        }
    }

    private enum Outcome
    {
        Other,
        Answered,
        Throttled,
    }
}
