using Amazon.EC2;
using Amazon.EC2.Model;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Simulation;

/// <summary>Tags and attributes of the simulated EC2.</summary>
public sealed class Ec2ChangeTests : IAsyncLifetime
{
    private static readonly Dictionary<string, string> Own = new() { ["nstance:instance-id"] = "web-1" };

    private SimulatedCloud _cloud = null!;
    private AmazonEC2Client _ec2 = null!;

    public async ValueTask InitializeAsync()
    {
        _cloud = await SimulatedCloud.StartAsync(new SimulatedCloudOptions { ShutdownTime = TimeSpan.FromSeconds(30) });
        _ec2 = _cloud.CreateEc2();
    }

    public async ValueTask DisposeAsync()
    {
        _ec2.Dispose();
        await _cloud.DisposeAsync();
    }

    [Fact]
    public async Task CreateAndDeleteTags_ChangeTheTruth()
    {
        var id = _cloud.Ec2.Launch(new LaunchSpec { Tags = Own })[0].Id;

        await _ec2.CreateTagsAsync(new CreateTagsRequest([id], [new Tag("a", "1"), new Tag("b", "2")]));
        await _ec2.DeleteTagsAsync(new DeleteTagsRequest { Resources = [id], Tags = [new Tag("a")] });

        Assert.Equal(["b", "nstance:instance-id"], _cloud.Ec2.Find(id)!.Tags.Keys.Order());
    }

    [Fact]
    public async Task CreateTags_BadIdOrTooMany_AnswersWithEc2sErrors()
    {
        var id = _cloud.Ec2.Launch(new LaunchSpec { Tags = Own })[0].Id;
        Tag[] many = [.. Enumerable.Range(0, 50).Select(n => new Tag($"t{n}", ""))];

        var malformed = await Assert.ThrowsAsync<AmazonEC2Exception>(
            () => _ec2.CreateTagsAsync(new CreateTagsRequest(["web-1"], [many[0]])));
        var tooMany = await Assert.ThrowsAsync<AmazonEC2Exception>(
            () => _ec2.CreateTagsAsync(new CreateTagsRequest([id], [.. many])));
        Assert.Equal("InvalidID", malformed.ErrorCode);
        Assert.Equal("TagLimitExceeded", tooMany.ErrorCode);
        await _ec2.CreateTagsAsync(new CreateTagsRequest([id], [.. many[1..]]));

        Assert.Equal(50, _cloud.Ec2.Find(id)!.Tags.Count);
    }

    [Fact]
    public async Task DescribeInstanceAttribute_StopProtection_ForbidsStopAndTermination()
    {
        var id = _cloud.Ec2.Launch(new LaunchSpec { StopProtected = true })[0].Id;
        var ask = new DescribeInstanceAttributeRequest(id, InstanceAttributeName.DisableApiStop);
        Assert.True((await _ec2.DescribeInstanceAttributeAsync(ask)).InstanceAttribute.DisableApiStop);

        var stop = await Assert.ThrowsAsync<AmazonEC2Exception>(() => _ec2.StopInstancesAsync(new([id])));
        var end = await Assert.ThrowsAsync<AmazonEC2Exception>(() => _ec2.TerminateInstancesAsync(new([id])));

        Assert.Equal(("OperationNotPermitted", "OperationNotPermitted"), (stop.ErrorCode, end.ErrorCode));
        Assert.Contains("may not be stopped. Modify its 'disableApiStop'", stop.Message, StringComparison.Ordinal);
        Assert.Contains("may not be terminated. Modify its 'disableApiStop'", end.Message, StringComparison.Ordinal);
        Assert.True(_cloud.Ec2.Find(id)!.Alive);
    }

    [Fact]
    public async Task DescribeInstanceAttribute_ProtectionOff_LetsItEnd()
    {
        var id = _cloud.Ec2.Launch(new LaunchSpec { TerminationProtected = true })[0].Id;
        var ask = new DescribeInstanceAttributeRequest(id, InstanceAttributeName.DisableApiTermination);
        Assert.True((await _ec2.DescribeInstanceAttributeAsync(ask)).InstanceAttribute.DisableApiTermination);

        _cloud.Ec2.Change(id, machine => machine with { TerminationProtected = false });
        await _ec2.TerminateInstancesAsync(new TerminateInstancesRequest { InstanceIds = [id] });
        var again = await _ec2.TerminateInstancesAsync(new TerminateInstancesRequest { InstanceIds = [id] });

        Assert.Equal("shutting-down", Assert.Single(again.TerminatingInstances).PreviousState.Name);
    }
}
