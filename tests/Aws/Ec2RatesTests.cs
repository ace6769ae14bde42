using Amazon.Runtime;
using Microsoft.Extensions.Time.Testing;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Tests.Aws;

/// <summary>The rates of EC2's documentation.</summary>
public sealed class Ec2RatesTests
{
    private readonly FakeTimeProvider _clock = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public void Connections_TwoShardsOfARegion_ShareItsRates()
    {
        using var connections = new AwsConnections(new()
        {
            Ec2Endpoint = new("http://127.0.0.1:9"),
            Credentials = new BasicAWSCredentials("key", "secret"),
        });
        var one = connections.Ec2("us-west-2", TimeSpan.FromSeconds(1)).Aws;
        var other = connections.Ec2("us-west-2", TimeSpan.FromSeconds(9)).Aws;
        var elsewhere = connections.Ec2("eu-west-1", TimeSpan.FromSeconds(1)).Aws;

        Assert.Same(one.Rates, other.Rates);
        Assert.NotSame(one.Rates, elsewhere.Rates);
    }

    [Fact]
    public async Task RunAsync_BucketIsEmpty_WaitsForItAndForNoOther()
    {
        var rates = new Ec2Rates(100, _clock);
        for (var i = 0; i < 100; i++) await Call(rates, "DescribeInstances");
        var waiting = Call(rates, "DescribeInstances");
        Assert.False(waiting.IsCompleted);
        Assert.True(Call(rates, "TerminateInstances").IsCompletedSuccessfully);
        _clock.Advance(TimeSpan.FromMilliseconds(50));
        await waiting.WaitAsync(Ct);
    }

    [Fact]
    public async Task RunAsync_PartOfTheAccount_AllowsThatPart()
    {
        var rates = new Ec2Rates(10, _clock);
        for (var i = 0; i < 10; i++) await Call(rates, "DescribeInstances");

        Assert.False(Call(rates, "DescribeInstances").IsCompleted);
    }

    [Fact]
    public async Task RunAsync_Throttled_NextCallsAreSlower()
    {
        var rates = new Ec2Rates(100, _clock);
        var refused = await Assert.ThrowsAsync<CloudException>(() => rates.RunAsync<int>(
            "DescribeInstances", 0, () => throw new CloudException(CloudFault.Throttled, "slow down"), Ct));

        Assert.Equal("slow down", refused.Message);
        var next = Call(rates, "DescribeInstances");
        _clock.Advance(TimeSpan.FromMilliseconds(99));
        Assert.False(next.IsCompleted);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        await next.WaitAsync(Ct);
    }

    [Fact]
    public async Task RunAsync_AnotherFault_SlowsNothing()
    {
        var rates = new Ec2Rates(100, _clock);
        await Assert.ThrowsAsync<CloudException>(() => rates.RunAsync<int>(
            "DescribeInstances", 0, () => throw new CloudException(CloudFault.Transient, "no"), Ct));

        Assert.True(Call(rates, "DescribeInstances").IsCompletedSuccessfully);
    }

    [Fact]
    public async Task RunAsync_TooManyInstances_AreNotTriedAndTakeNoTokensOfInstances()
    {
        var rates = new Ec2Rates(100, _clock);
        var calls = 0;
        Task<int> Terminate(int instances) =>
            rates.RunAsync("TerminateInstances", instances, () => Task.FromResult(++calls), Ct);
        await Terminate(1000);

        // 20 a second: 250 take 12.5 s, and the evidence would be too old.
        var refused = await Assert.ThrowsAsync<CloudException>(() => Terminate(250));
        Assert.Equal((CloudFault.Throttled, 1), (refused.Fault, calls));
        var few = Terminate(200);
        Assert.False(few.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(2, await few.WaitAsync(Ct));
    }

    [Theory]
    [InlineData("DescribeInstances", 100, 20)]
    [InlineData("DescribeInstanceAttribute", 100, 20)]
    [InlineData("TerminateInstances", 100, 5)]
    [InlineData("CreateTags", 100, 10)]
    [InlineData("DeleteTags", 100, 10)]
    [InlineData("StartInstances", 5, 2)]
    [InlineData("StopInstances", 50, 5)]
    public async Task RunAsync_EachAction_HasTheRateOfItsTableRow(string action, int burst, int perSecond)
    {
        var rates = new Ec2Rates(100, _clock);
        for (var i = 0; i < burst; i++) Assert.True(Call(rates, action).IsCompletedSuccessfully);

        var next = Call(rates, action);
        _clock.Advance(TimeSpan.FromSeconds(1.0 / perSecond) - TimeSpan.FromMilliseconds(1));
        Assert.False(next.IsCompleted);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        await next.WaitAsync(Ct);
    }

    [Fact]
    public async Task RunAsync_StopAndTerminate_HaveBucketsOfTheirOwn()
    {
        var rates = new Ec2Rates(100, _clock);
        foreach (var action in new[] { "TerminateInstances", "StopInstances" })
            Assert.True(Call(rates, action, 1000).IsCompletedSuccessfully);

        await Assert.ThrowsAsync<CloudException>(() => Call(rates, "StopInstances", 250));
    }

    private static Task<int> Call(Ec2Rates rates, string action, int instances = 0) =>
        rates.RunAsync(action, instances, () => Task.FromResult(1), Ct);
}
