using Amazon.Runtime;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Simulation.Faults;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Aws;

/// <summary>The harmless question that every set-up asks first: each answer names what is wrong and what to do.</summary>
public sealed class AwsCheckTests
{
    private static readonly ShardRef Shard = new("prod", "us-west-2a", "bucket");

    [Fact]
    public async Task Check_BothAnswer_HasNoFault() => Assert.Empty(await CheckAsync(_ => { }));

    [Fact]
    public async Task Check_BucketIsMissing_NamesIt() => Assert.Contains(
        "bucket \"other\" does not exist", Assert.Single(await CheckAsync(_ => { }, Shard with { Bucket = "other" })), StringComparison.Ordinal);

    [Fact]
    public async Task Check_CloudRefuses_SaysWhatToCheck() => Assert.Contains(
        "check the AWS credentials",
        Assert.Single(await CheckAsync(cloud => cloud.Faults.Always("DescribeInstances", Fault.Denied))), StringComparison.Ordinal);

    [Fact]
    public async Task Check_KeysAreUnknown_NamesBothServices() =>
        Assert.Equal(2, (await CheckAsync(_ => { }, options: new() { AccessKeys = ["another"] })).Count);

    [Fact]
    public async Task Check_NobodyListens_NamesPlaceAndVariable()
    {
        Uri place;
        await using (var cloud = await SimulatedCloud.StartAsync(new())) place = cloud.Ec2Url;
        using var connections = new AwsConnections(new()
        {
            Region = "us-west-2",
            Ec2Endpoint = place,
            S3Endpoint = place,
            Credentials = new BasicAWSCredentials("a", "b"),
            MaxErrorRetry = 0,
        });

        var faults = await connections.CheckAsync(Shard, null, RealClients.Timeout, CancellationToken.None);

        Assert.Contains(faults, f => f.Contains("AWS_ENDPOINT_URL_EC2", StringComparison.Ordinal) && f.Contains(place.Port.ToString(), StringComparison.Ordinal));
        Assert.Contains(faults, f => f.Contains("AWS_ENDPOINT_URL_S3", StringComparison.Ordinal));
    }

    private static async Task<IReadOnlyList<string>> CheckAsync(
        Action<SimulatedCloud> arrange, ShardRef? shard = null, SimulatedCloudOptions? options = null)
    {
        await using var cloud = await SimulatedCloud.StartAsync((options ?? new()) with { Buckets = ["bucket"] });
        arrange(cloud);
        using var connections = cloud.Connect();
        return await connections.CheckAsync(shard ?? Shard, null, RealClients.Timeout, CancellationToken.None);
    }
}
