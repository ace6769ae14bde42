using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Simulation.Faults;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Aws;

/// <summary>A listing in parts names who a whole one names: through the real client, and at clouds that do not know parts.</summary>
public sealed class ListInPartsTests
{
    private static readonly ShardRef Shard = new("prod-eu", "us-west-2a", "bucket");

    private static readonly Dictionary<string, string> Own = new(StringComparer.Ordinal)
    {
        [CloudTags.Managed] = "true",
        [CloudTags.ClusterId] = "prod-eu",
        [CloudTags.Shard] = "us-west-2a",
    };

    private readonly ListInParts _inParts = new();

    [Theory]
    [InlineData(1, 3)]
    [InlineData(2, 4)]
    [InlineData(4, 4)]
    public async Task List_ThroughTheRealClient_EachOwnOnce(int parts, int calls)
    {
        await using var cloud = await SimulatedCloud.StartAsync();
        var own = cloud.Ec2.Launch(new LaunchSpec { Count = 2_400, Tags = Own }).Select(m => m.Id);
        cloud.Ec2.Launch(new LaunchSpec { Count = 5, Tags = new Dictionary<string, string>(Own) { [CloudTags.Shard] = "b" } });
        using var connections = cloud.Connect();

        var listed = await Ec2(connections).ListAsync(Shard, parts * 4_000, default).AllAsync();

        Assert.Equal(own.Order(), listed.Select(i => i.ProviderId).Order());
        Assert.Equal(calls, cloud.Calls["DescribeInstances"]);
    }

    [Fact]
    public async Task List_APageOfOnePartFails_ThrowsInsteadOfAShortList()
    {
        await using var cloud = await SimulatedCloud.StartAsync();
        cloud.Ec2.Launch(new LaunchSpec { Count = 5_000, Tags = Own });
        cloud.Faults.Script("DescribeInstances", Fault.None, Fault.None, Fault.None, Fault.None, Fault.None, Fault.Denied);
        using var connections = cloud.Connect();

        var fault = await Assert.ThrowsAsync<CloudException>(() => Ec2(connections).ListAsync(Shard, 16_000, default).AllAsync());

        Assert.Equal(CloudFault.Denied, fault.Fault);
    }

    [Theory]
    [InlineData("knows no wildcards")]
    [InlineData("refuses parts")]
    [InlineData("does not heed the filter")]
    public async Task List_CloudThatKnowsNoParts_EachOnce(string kind)
    {
        var cloud = new OtherCloud(kind);

        var listed = await _inParts.ListAsync(cloud.ListPart, 4, default).AllAsync();

        Assert.Equal(OtherCloud.Machines.Select(m => m.ProviderId).Order(), listed.Select(i => i.ProviderId).Order());
    }

    [Fact]
    public async Task List_OnePartIsEmpty_TheWholeIsLookedThroughForIt()
    {
        var listed = await _inParts.ListAsync(new OtherCloud("loses a part").ListPart, 4, default).AllAsync();

        Assert.Equal(OtherCloud.Machines.Select(m => m.ProviderId).Order(), listed.Select(i => i.ProviderId).Order());
    }

    [Theory]
    [InlineData("fails", CloudFault.Transient)]
    [InlineData("is refused later", CloudFault.Invalid)]
    [InlineData("refuses everything", CloudFault.Invalid)]
    public async Task List_CloudThatFails_Throws(string kind, object fault)
    {
        var thrown = await Assert.ThrowsAsync<CloudException>(() => _inParts.ListAsync(new OtherCloud(kind).ListPart, 4, default).AllAsync());

        Assert.Equal(fault, thrown.Fault);
    }

    [Fact]
    public async Task List_NoInstances_IsEmpty()
    {
        Assert.Empty(await _inParts.ListAsync(new OtherCloud("none").ListPart, 4, default).AllAsync());
    }

    /// <summary>Each shard that lists is told apart by the parts that it asks for.</summary>
    [Fact]
    public async Task List_ManyShardsAtATime_TheirDescribesDoNotPileUp()
    {
        var clouds = Enumerable.Range(0, 6).Select(_ => new OtherCloud("")).ToArray();
        var open = clouds.Select(cloud => _inParts.ListAsync(cloud.ListPart, 4, default).GetAsyncEnumerator()).ToArray();
        foreach (var pages in open) Assert.True(await pages.MoveNextAsync());

        Assert.Equal([4, 4, 4, 4, 1, 1], clouds.Select(cloud => cloud.Asked.Count));

        // Also one that is left before its end gives back what it had.
        foreach (var pages in open) await pages.DisposeAsync();
        var after = new OtherCloud("");
        Assert.Equal(100, (await _inParts.ListAsync(after.ListPart, 4, default).AllAsync()).Count);
        Assert.Equal(4, after.Asked.Count(part => part != IdPart.Whole));
    }

    private static ICloud Ec2(IConnections connections) => connections.Cloud(null, RealClients.Timeout);

    /// <summary>Answers to a listing in a way of its own.</summary>
    private sealed class OtherCloud(string kind)
    {
        public static readonly CloudInstance[] Machines =
        [
            .. Enumerable.Range(0, 100).Select(n => new CloudInstance(
                $"i-{n:x17}", "running", InstanceStatuses.FromEc2State("running"), null, null, null, null, null, Own)),
        ];

        /// <summary>Parts that were asked for, in order.</summary>
        public ConcurrentQueue<IdPart> Asked { get; } = [];

        public async IAsyncEnumerable<IReadOnlyList<CloudInstance>> ListPart(
            IdPart part, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await Task.CompletedTask;
            Asked.Enqueue(part);
            if (kind == "none") yield break;
            var isPart = part != IdPart.Whole;
            if (kind == "refuses everything" || (isPart && kind == "refuses parts"))
                throw new CloudException(CloudFault.Invalid, "EC2: InvalidParameterValue");
            if (isPart && (kind == "knows no wildcards" || (kind == "loses a part" && part.Number == 2))) yield break;
            foreach (var page in Machines.Where(m => kind == "does not heed the filter" || part.Has(m.ProviderId)).Chunk(7))
            {
                yield return page;
                if (part.Number == 1 && kind is "fails" or "is refused later")
                    throw new CloudException(kind == "fails" ? CloudFault.Transient : CloudFault.Invalid, "EC2: no");
            }
        }
    }
}
