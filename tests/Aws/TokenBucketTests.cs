using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Aws;

public sealed class TokenBucketTests
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);

    private readonly StoppedClock _clock = new();

    [Fact]
    public void Take_FullBucket_WaitsOnlyWhenItIsEmpty()
    {
        var bucket = new TokenBucket(10, 2, _clock);

        for (var i = 0; i < 10; i++) Assert.Equal(TimeSpan.Zero, bucket.Take(1, Long));
        Assert.Equal(TimeSpan.FromSeconds(0.5), bucket.Take(1, Long));
        Assert.Equal(TimeSpan.FromSeconds(1), bucket.Take(1, Long));
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(TimeSpan.Zero, bucket.Take(1, Long));
    }

    [Fact]
    public void Take_TooLongAWait_TakesNothing()
    {
        var bucket = new TokenBucket(1, 1, _clock);
        bucket.Take(1, Long);

        Assert.Null(bucket.Take(1, TimeSpan.FromMilliseconds(999)));
        Assert.Equal(TimeSpan.FromSeconds(1), bucket.Take(1, Long));
    }

    [Fact]
    public void Take_MoreThanABucketHolds_CostsAFullOne()
    {
        var bucket = new TokenBucket(10, 1, _clock);

        Assert.Equal(TimeSpan.Zero, bucket.Take(500, Long));
        Assert.Equal(TimeSpan.FromSeconds(1), bucket.Take(1, Long));
    }

    [Fact]
    public void Throttled_ManyInOneSecond_HalvesTheRateOnce()
    {
        var bucket = new TokenBucket(10, 8, _clock);
        for (var i = 0; i < 5; i++) bucket.Throttled();

        Assert.Equal(4, bucket.Rate);
        Assert.Equal(TimeSpan.FromSeconds(0.25), bucket.Take(1, Long));
        for (var i = 0; i < 100; i++)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            bucket.Throttled();
        }

        Assert.Equal(0.5, bucket.Rate);
    }

    [Fact]
    public void Answered_AfterAThrottle_BringsTheRateBack()
    {
        var bucket = new TokenBucket(10, 8, _clock);
        bucket.Throttled();
        for (var i = 0; i < 20; i++) bucket.Answered();

        Assert.Equal(8, bucket.Rate);
    }
}
