using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Simulation.Faults;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Aws;

/// <summary>The cloud's port through the real SDK client.</summary>
public class Ec2CloudTests
{
    private static readonly ShardRef Shard = new("prod-eu", "us-west-2a", "bucket");

    private static readonly Dictionary<string, string> Own = new(StringComparer.Ordinal)
    {
        ["nstance:managed"] = "true",
        ["nstance:cluster-id"] = "prod-eu",
        ["nstance:shard"] = "us-west-2a",
    };

    [Fact]
    public async Task ListAsync_MoreThanTwoPages_ListsEachOwnOnceAndNoForeign()
    {
        await using var cloud = await SimulatedCloud.StartAsync();
        var own = cloud.Ec2.Launch(new LaunchSpec { Count = 2_300, Tags = Own }).Select(m => m.Id);
        cloud.Ec2.Launch(new LaunchSpec { Count = 5, Tags = new Dictionary<string, string>(Own) { ["nstance:shard"] = "b" } });
        using var connections = cloud.Connect();
        var listed = await Ec2(connections).ListAsync(Shard, 0, default).AllAsync();
        Assert.Equal(own.Order(), listed.Select(i => i.ProviderId).Order());
    }

    [Fact]
    public async Task ListAsync_SecondPageFails_ThrowsInsteadOfAShortList()
    {
        await using var cloud = await SimulatedCloud.StartAsync();
        cloud.Ec2.Launch(new LaunchSpec { Count = 1_500, Tags = Own });
        cloud.Faults.Script("DescribeInstances", Fault.None, Fault.Throttled);
        using var connections = cloud.Connect();
        var fault = await Assert.ThrowsAsync<CloudException>(() => Ec2(connections).ListAsync(Shard, 0, default).AllAsync());
        Assert.Equal(CloudFault.Throttled, fault.Fault);
    }

    [Fact]
    public async Task DescribeAsync_SomeAreUnknownToTheCloud_NamesThemAndFindsTheRest()
    {
        await using var cloud = await SimulatedCloud.StartAsync();
        var there = cloud.Ec2.Launch(new LaunchSpec { Count = 3, Tags = Own }).Select(m => m.Id).ToArray();
        using var connections = cloud.Connect();
        var answer = await Ec2(connections).DescribeAsync([.. there, "i-0aaaaaaaaaaaaaaaa", "i-0bbbbbbbbbbbbbbbb"], default);
        Assert.Equal(there.Order(), answer.Found.Keys.Order());
        Assert.Equal(["i-0aaaaaaaaaaaaaaaa", "i-0bbbbbbbbbbbbbbbb"], answer.NotFound.Order());
        Assert.Empty(answer.Unknown);
    }

    [Fact]
    public async Task DescribeAsync_Denied_NothingIsGone()
    {
        await using var cloud = await SimulatedCloud.StartAsync();
        cloud.Faults.Always("DescribeInstances", Fault.Denied);
        using var connections = cloud.Connect();
        var answer = await Ec2(connections).DescribeAsync(["i-0aaaaaaaaaaaaaaaa"], default);
        Assert.Empty(answer.NotFound);
        Assert.Single(answer.Unknown);
    }

    [Fact]
    public async Task FindByInstanceIdAsync_MoreThanOneCallTakes_FindsEachOfThem()
    {
        await using var cloud = await SimulatedCloud.StartAsync();
        var ids = LaunchTagged(cloud, 900);
        using var connections = cloud.Connect();
        var found = await Ec2(connections).FindByInstanceIdAsync(Shard, [.. ids.Skip(1), "knc-nobody"], default);
        Assert.Equal(ids.Skip(1).Order(), found.Select(i => i.InstanceId!).Order());
    }

    /// <summary>Who is not in a short answer would be taken for gone.</summary>
    [Fact]
    public async Task FindByInstanceIdAsync_OneOfTheCallsFails_ThrowsInsteadOfAShortAnswer()
    {
        await using var cloud = await SimulatedCloud.StartAsync();
        var ids = LaunchTagged(cloud, 900);
        cloud.Faults.Script("DescribeInstances", Fault.None, Fault.None, Fault.Denied);
        using var connections = cloud.Connect();
        var fault = await Assert.ThrowsAsync<CloudException>(() => Ec2(connections).FindByInstanceIdAsync(Shard, ids, default));
        Assert.Equal(CloudFault.Denied, fault.Fault);
    }

    [Fact]
    public async Task TerminateAsync_OneIsProtected_EndsTheOthersAndNamesIt()
    {
        await using var cloud = await SimulatedCloud.StartAsync();
        var open = cloud.Ec2.Launch(new LaunchSpec { Count = 6, Tags = Own }).Select(m => m.Id).ToArray();
        var closed = cloud.Ec2.Launch(new LaunchSpec { Tags = Own, TerminationProtected = true })[0].Id;
        using var connections = cloud.Connect();
        var ec2 = Ec2(connections);
        var found = (await ec2.DescribeAsync([.. open, closed], default)).Found.Values.ToArray();
        var results = await ec2.TerminateAsync(found, default);
        Assert.Equal(TerminateOutcome.Protected, results[closed].Outcome);
        Assert.All(open, id => Assert.Equal(TerminateOutcome.Terminated, results[id].Outcome));
        Assert.True(cloud.Ec2.Find(closed)!.Alive);
        Assert.All(open, id => Assert.False(cloud.Ec2.Find(id)!.Alive));
    }

    private static string[] LaunchTagged(SimulatedCloud cloud, int count)
    {
        string[] ids = [.. Enumerable.Range(0, count).Select(i => $"knc-{i}")];
        foreach (var id in ids) cloud.Ec2.Launch(new LaunchSpec { Tags = new Dictionary<string, string>(Own) { ["nstance:instance-id"] = id } });
        return ids;
    }

    private static ICloud Ec2(IConnections connections) => connections.Cloud(null, RealClients.Timeout);
}
