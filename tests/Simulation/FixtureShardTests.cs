using Amazon.EC2.Model;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Simulation;

public sealed class FixtureShardTests
{
    [Fact]
    public async Task StartAsync_Shard1_StandsAsTheFilesSay()
    {
        await using var shard = await FixtureShard.StartAsync();
        using var ec2 = shard.Cloud.CreateEc2();

        var listed = await ec2.DescribeInstancesAsync(new DescribeInstancesRequest
        {
            Filters =
            [
                new Filter("tag:nstance:managed", ["true"]),
                new Filter("tag:nstance:cluster-id", [shard.Shard.Cluster]),
                new Filter("tag:nstance:shard", [shard.Shard.Shard]),
            ],
        });

        // Four of the instances are foreign, and one is terminated, yet still shown.
        Assert.Equal(shard.Cloud.Ec2.All().Count - 4, listed.Reservations.Count);
        Assert.Equal(11, shard.Cases("terminate").Count);
        Assert.NotEmpty(shard.Cloud.S3.Keys(FixtureShard.Bucket, "shard/us-west-2a/instance/"));
        Assert.Equal(shard.AsOf, shard.Clock.GetUtcNow());
        Assert.True(File.Exists(shard.DatabasePath));
    }
}
