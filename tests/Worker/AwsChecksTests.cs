using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Tests.Support;
using Nstance.Temporal.Worker.Checks;

namespace Nstance.Temporal.Tests.Worker;

public sealed class AwsChecksTests
{
    [Fact]
    public void Judge_DeniedAction_WarnsAndSaysWhatToAllow()
    {
        var check = AwsChecks.Judge(
            [new("ec2:TerminateInstances", false, "refused"), new("ec2:StopInstances", true, null)]);

        Assert.Equal(CheckState.Warning, check.State);
        Assert.Contains("ec2:TerminateInstances. If the policy allows by tag", check.Detail);
        Assert.DoesNotContain("ec2:StopInstances", check.Detail);
    }

    [Theory]
    [InlineData(0, "Ok", "agrees")]
    [InlineData(-45, "Warning", "45s behind the bucket's")]
    [InlineData(300, "Failed", "5m ahead of the bucket's")]
    public void Judge_Clock_BySkew(int seconds, string state, string text)
    {
        var check = AwsChecks.Judge(TimeSpan.FromSeconds(seconds));

        Assert.Equal(state, $"{check.State}");
        Assert.Contains(text, check.Detail);
    }

    [Fact]
    public async Task Permissions_AtAnEndpoint_AreAskedWithoutTouchingAnyMachine()
    {
        await using var cloud = await SimulatedCloud.StartAsync(new() { AccessKeys = ["key"] });
        cloud.Ec2.Launch(new() { Count = 3 });
        using var connections = new AwsConnections(new()
        {
            Region = "us-west-2",
            Ec2Endpoint = cloud.Ec2Url,
            S3Endpoint = cloud.S3Url,
            Credentials = new Amazon.Runtime.BasicAWSCredentials("key", "secret"),
        });
        var probe = new AwsProbe(connections, "us-west-2", TimeSpan.FromSeconds(10));

        var permissions = await probe.PermissionsAsync(TestContext.Current.CancellationToken);

        Assert.All(permissions, p => Assert.True(p.Allowed, p.Why));
        Assert.Equal(3, cloud.Ec2.All().Count(m => m.Alive));
        Assert.All(cloud.Ec2.All(), m => Assert.Empty(m.Tags));
        Assert.Null(await probe.IdentityAsync(TestContext.Current.CancellationToken));
        var ahead = await probe.ClockAheadAsync(TimeProvider.System, TestContext.Current.CancellationToken);
        Assert.InRange(ahead!.Value.TotalSeconds, -5, 5);
    }
}
