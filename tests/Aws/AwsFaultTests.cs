using Amazon.Runtime;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Simulation.Faults;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Aws;

/// <summary>A fault names what is wrong and what to do.</summary>
public sealed class AwsFaultTests
{
    [Theory]
    [InlineData("test", "bucket", null, null)]
    [InlineData("test", "other", "bucket \"other\" does not exist there: create it, or name another", null)]
    [InlineData("another", "bucket", "check the AWS credentials", "check the AWS credentials")]
    public async Task Call_Refused_SaysWhatToDo(string knownKey, string bucket, string? s3, string? ec2)
    {
        var options = new SimulatedCloudOptions { AccessKeys = [knownKey], Buckets = ["bucket"] };
        await using var cloud = await SimulatedCloud.StartAsync(options);
        using var connections = cloud.Connect();

        await FailsAsync(AwsShard.Ref with { Bucket = bucket }, connections, s3, ec2);
    }

    [Fact]
    public async Task Call_ActionDenied_SaysWhatToCheck()
    {
        await using var cloud = await SimulatedCloud.StartAsync(new() { Buckets = ["bucket"] });
        cloud.Faults.Always("DescribeInstances", Fault.Denied);
        using var connections = cloud.Connect();

        await FailsAsync(AwsShard.Ref, connections, null, "check the AWS credentials and what they may do");
    }

    [Fact]
    public async Task Call_NoServerListens_NamesPlaceAndVariable()
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

        await FailsAsync(AwsShard.Ref, connections, "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_EC2");
        await FailsAsync(AwsShard.Ref, connections, $":{place.Port}", $":{place.Port}");
    }

    private static async Task FailsAsync(ShardRef shard, IConnections connections, string? s3, string? ec2)
    {
        await FailsAsync(() => connections.Records(RealClients.Timeout).ListAsync(shard, default).AllAsync(), s3);
        await FailsAsync(() => AwsShard.Ec2(connections).ListAsync(shard, 0, default).AllAsync(), ec2);
    }

    private static async Task FailsAsync(Func<Task> call, string? words)
    {
        var fault = await Record.ExceptionAsync(call);
        if (words is null) Assert.Null(fault);
        else Assert.Contains(words, Assert.IsType<CloudException>(fault).Message, StringComparison.Ordinal);
    }
}
