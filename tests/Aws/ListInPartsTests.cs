using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Simulation.Faults;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Aws;

/// <summary>A listing in parts equals a whole listing, also at a cloud that does not support parts.</summary>
public sealed class ListInPartsTests
{
    private readonly ListInParts _inParts = new();

    [Theory]
    [InlineData(1, 3)]
    [InlineData(2, 4)]
    [InlineData(4, 4)]
    public async Task List_ThroughTheRealClient_EachOwnOnce(int parts, int calls)
    {
        await using var cloud = await SimulatedCloud.StartAsync();
        var own = cloud.Launch(2_400);
        cloud.LaunchForeign(5);
        using var connections = cloud.Connect();

        var listed = await AwsShard.Ec2(connections).ListAsync(AwsShard.Ref, parts * 4_000, default).AllAsync();

        Assert.Equal(own.Order(), listed.Select(i => i.ProviderId).Order());
        Assert.Equal(calls, cloud.Calls["DescribeInstances"]);
    }

    [Fact]
    public async Task List_APageOfOnePartFails_ThrowsInsteadOfAShortList()
    {
        await using var cloud = await SimulatedCloud.StartAsync();
        cloud.Launch(5_000);
        cloud.Faults.Script("DescribeInstances", [.. Enumerable.Repeat(Fault.None, 5), Fault.Denied]);
        using var connections = cloud.Connect();

        var listing = AwsShard.Ec2(connections).ListAsync(AwsShard.Ref, 16_000, default);
        var fault = await Assert.ThrowsAsync<CloudException>(() => listing.AllAsync());

        Assert.Equal(CloudFault.Denied, fault.Fault);
    }

    [Theory]
    [InlineData("knows no wildcards")]
    [InlineData("refuses parts")]
    [InlineData("ignores the filter")]
    [InlineData("loses a part")]
    public async Task List_CloudWithoutParts_EachOnce(string kind)
    {
        var cloud = new OtherCloud(kind);

        var listed = await _inParts.ListAsync(cloud.ListPart, 4, default).AllAsync();

        Assert.Equal(OtherCloud.Machines.Select(m => m.ProviderId).Order(), listed.Select(i => i.ProviderId).Order());
    }

    [Theory]
    [InlineData("fails", CloudFault.Transient)]
    [InlineData("is refused later", CloudFault.Invalid)]
    [InlineData("refuses everything", CloudFault.Invalid)]
    public async Task List_CloudThatFails_Throws(string kind, object fault)
    {
        var listing = _inParts.ListAsync(new OtherCloud(kind).ListPart, 4, default);
        var thrown = await Assert.ThrowsAsync<CloudException>(() => listing.AllAsync());

        Assert.Equal(fault, thrown.Fault);
    }

    [Fact]
    public async Task List_NoInstances_IsEmpty()
    {
        Assert.Empty(await _inParts.ListAsync(new OtherCloud("none").ListPart, 4, default).AllAsync());
    }

    [Fact]
    public async Task List_ManyShardsAtATime_TheirDescribesDoNotPileUp()
    {
        var clouds = Enumerable.Range(0, 6).Select(_ => new OtherCloud("")).ToArray();
        var open = clouds
            .Select(cloud => _inParts.ListAsync(cloud.ListPart, 4, default).GetAsyncEnumerator()).ToArray();
        foreach (var pages in open) Assert.True(await pages.MoveNextAsync());

        Assert.Equal([4, 4, 4, 4, 1, 1], clouds.Select(cloud => cloud.Asked.Count));

        // A listing that stops before its end returns its parts too.
        foreach (var pages in open) await pages.DisposeAsync();
        var after = new OtherCloud("");
        Assert.Equal(100, (await _inParts.ListAsync(after.ListPart, 4, default).AllAsync()).Count);
        Assert.Equal(4, after.Asked.Count(part => part != IdPart.Whole));
    }

    /// <summary>A cloud with a peculiarity.</summary>
    private sealed class OtherCloud(string kind)
    {
        public static readonly CloudInstance[] Machines =
        [
            .. Enumerable.Range(0, 100).Select(n => new CloudInstance(
                $"i-{n:x17}", "running", InstanceStatus.Running, null, null, null, null, null, AwsShard.Tags)),
        ];

        /// <summary>The listed parts, in order.</summary>
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
            foreach (var page in Machines.Where(m => kind == "ignores the filter" || part.Has(m.ProviderId)).Chunk(7))
            {
                yield return page;
                if (part.Number == 1 && kind is "fails" or "is refused later")
                    throw new CloudException(kind == "fails" ? CloudFault.Transient : CloudFault.Invalid, "EC2: no");
            }
        }
    }
}
