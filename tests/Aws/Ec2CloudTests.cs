using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Simulation.Faults;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Aws;

/// <summary>The cloud's port through the real SDK client.</summary>
public sealed class Ec2CloudTests : IAsyncLifetime
{
    private SimulatedCloud _cloud = null!;
    private AwsConnections _connections = null!;

    private ICloud Ec2 => AwsShard.Ec2(_connections);

    public async ValueTask InitializeAsync()
    {
        _cloud = await SimulatedCloud.StartAsync();
        _connections = _cloud.Connect();
    }

    public ValueTask DisposeAsync()
    {
        _connections.Dispose();
        return _cloud.DisposeAsync();
    }

    [Fact]
    public async Task ListAsync_MoreThanTwoPages_ListsEachOwnOnceAndNoForeign()
    {
        var own = _cloud.Launch(2_300);
        _cloud.LaunchForeign(5);

        var listed = await Ec2.ListAsync(AwsShard.Ref, 0, default).AllAsync();

        Assert.Equal(own.Order(), listed.Select(i => i.ProviderId).Order());
    }

    [Fact]
    public async Task ListAsync_SecondPageFails_ThrowsInsteadOfAShortList()
    {
        _cloud.Launch(1_500);
        _cloud.Faults.Script("DescribeInstances", Fault.None, Fault.Throttled);

        var fault = await Assert.ThrowsAsync<CloudException>(() => Ec2.ListAsync(AwsShard.Ref, 0, default).AllAsync());

        Assert.Equal(CloudFault.Throttled, fault.Fault);
    }

    [Fact]
    public async Task DescribeAsync_SomeDoNotExist_NamesThemAndFindsTheRest()
    {
        var there = _cloud.Launch(3);

        var answer = await Ec2.DescribeAsync([.. there, "i-0aaaaaaaaaaaaaaaa", "i-0bbbbbbbbbbbbbbbb"], default);

        Assert.Equal(there.Order(), answer.Found.Keys.Order());
        Assert.Equal(["i-0aaaaaaaaaaaaaaaa", "i-0bbbbbbbbbbbbbbbb"], answer.NotFound.Order());
        Assert.Empty(answer.Unknown);
    }

    [Fact]
    public async Task DescribeAsync_Denied_NothingIsGone()
    {
        _cloud.Faults.Always("DescribeInstances", Fault.Denied);

        var answer = await Ec2.DescribeAsync(["i-0aaaaaaaaaaaaaaaa"], default);

        Assert.Empty(answer.NotFound);
        Assert.Single(answer.Unknown);
    }

    [Fact]
    public async Task FindByInstanceIdAsync_MoreThanOneCallTakes_FindsEachOfThem()
    {
        var ids = LaunchTagged(900);

        var found = await Ec2.FindByInstanceIdAsync(AwsShard.Ref, [.. ids.Skip(1), "knc-missing"], default);

        Assert.Equal(ids.Skip(1).Order(), found.Select(i => i.InstanceId!).Order());
    }

    /// <summary>An instance that a short answer lacks would count as gone.</summary>
    [Fact]
    public async Task FindByInstanceIdAsync_OneOfTheCallsFails_ThrowsInsteadOfAShortAnswer()
    {
        var ids = LaunchTagged(900);
        _cloud.Faults.Script("DescribeInstances", Fault.None, Fault.None, Fault.Denied);

        var fault = await Assert.ThrowsAsync<CloudException>(
            () => Ec2.FindByInstanceIdAsync(AwsShard.Ref, ids, default));

        Assert.Equal(CloudFault.Denied, fault.Fault);
    }

    [Fact]
    public async Task TerminateAsync_OneIsProtected_TerminatesTheOthersAndNamesIt()
    {
        var open = _cloud.Launch(6);
        var guarded = _cloud.Launch(1, isProtected: true)[0];
        var found = (await Ec2.DescribeAsync([.. open, guarded], default)).Found.Values.ToArray();

        var results = await Ec2.TerminateAsync(found, default);

        Assert.Equal(TerminateOutcome.Protected, results[guarded].Outcome);
        Assert.All(open, id => Assert.Equal(TerminateOutcome.Terminated, results[id].Outcome));
        Assert.True(_cloud.Ec2.Find(guarded)!.Alive);
        Assert.All(open, id => Assert.False(_cloud.Ec2.Find(id)!.Alive));
    }

    private string[] LaunchTagged(int count)
    {
        string[] ids = [.. Enumerable.Range(0, count).Select(i => $"knc-{i}")];
        foreach (var id in ids)
        {
            var tags = new Dictionary<string, string>(AwsShard.Tags) { [CloudTags.InstanceId] = id };
            _cloud.Ec2.Launch(new LaunchSpec { Tags = tags });
        }

        return ids;
    }
}
