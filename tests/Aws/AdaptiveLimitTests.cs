using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Tests.Aws;

public sealed class AdaptiveLimitTests : IDisposable
{
    private readonly AdaptiveLimit _limit = new();

    public void Dispose() => _limit.Dispose();

    [Fact]
    public async Task RunAsync_AtTheBound_TheNextWaitsForATurn()
    {
        var running = Fill(AdaptiveLimit.Start);
        var next = Begin();

        Assert.False(next.Began.IsCompleted);
        running[0].End.SetResult();
        await next.Began.WaitAsync(TestContext.Current.CancellationToken);
        EndAll(running.Skip(1).Append(next));
    }

    [Fact]
    public async Task RunAsync_FullAndAnswered_BoundDoublesInARound()
    {
        var running = Fill(AdaptiveLimit.Start);
        var waiting = Fill(2 * AdaptiveLimit.Start);
        foreach (var call in running)
        {
            call.End.SetResult();
            await call.Done;
        }

        Assert.Equal(2 * AdaptiveLimit.Start, _limit.Current);
        EndAll(waiting);
    }

    [Fact]
    public async Task RunAsync_NotFull_BoundStays()
    {
        await _limit.RunAsync(() => Task.FromResult(1), TestContext.Current.CancellationToken);

        Assert.Equal(AdaptiveLimit.Start, _limit.Current);
    }

    [Fact]
    public async Task RunAsync_ManyThrottledInOneRound_BoundIsHalvedOnce()
    {
        var running = Fill(AdaptiveLimit.Start);
        foreach (var call in running)
        {
            call.End.SetException(new CloudException(CloudFault.Throttled, "slow down"));
            await Assert.ThrowsAsync<CloudException>(() => call.Done);
        }

        Assert.Equal(AdaptiveLimit.Start / 2, _limit.Current);
    }

    [Fact]
    public async Task RunAsync_ThrottledForEver_BoundStaysAtItsMinimum()
    {
        for (var i = 0; i < 20; i++)
        {
            await Assert.ThrowsAsync<CloudException>(() => _limit.RunAsync<int>(
                () => throw new CloudException(CloudFault.Throttled, "slow down"),
                TestContext.Current.CancellationToken));
        }

        Assert.Equal(AdaptiveLimit.Min, _limit.Current);
        var running = Fill(AdaptiveLimit.Min);
        var next = Begin();
        Assert.False(next.Began.IsCompleted);
        EndAll(running.Append(next));
    }

    [Fact]
    public async Task RunAsync_CancelledWhileWaiting_TakesNoTurn()
    {
        using var cancel = new CancellationTokenSource();
        var running = Fill(AdaptiveLimit.Start);
        var cancelled = Begin(cancel.Token);
        var next = Begin();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled.Done);

        running[0].End.SetResult();
        await next.Began.WaitAsync(TestContext.Current.CancellationToken);
        Assert.False(cancelled.Began.IsCompleted);
        EndAll(running.Skip(1).Append(next));
    }

    private static void EndAll(IEnumerable<Running> calls)
    {
        foreach (var call in calls) call.End.TrySetResult();
    }

    private Running[] Fill(int count) => [.. Enumerable.Range(0, count).Select(_ => Begin())];

    private Running Begin(CancellationToken? token = null)
    {
        var began = new TaskCompletionSource();
        var end = new TaskCompletionSource();
        var done = _limit.RunAsync(async () =>
        {
            began.SetResult();
            await end.Task;
            return 0;
        }, token ?? TestContext.Current.CancellationToken);
        return new(began.Task, end, done);
    }

    private sealed record Running(Task Began, TaskCompletionSource End, Task Done);
}
