using Amazon.EC2;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Simulation.Faults;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Aws;

/// <summary>Quarantine and release through the real SDK client.</summary>
public sealed class Ec2QuarantineTests
{
    private static readonly DateTimeOffset At = new(2026, 11, 25, 12, 0, 0, TimeSpan.Zero);
    private static readonly ShardRef Shard = new("prod-eu", "us-west-2a", "bucket");

    private static readonly Dictionary<string, string> Own = new(StringComparer.Ordinal)
    {
        ["nstance:managed"] = "true",
        ["nstance:cluster-id"] = "prod-eu",
        ["nstance:shard"] = "us-west-2a",
    };

    [Fact]
    public async Task QuarantineAsync_Running_AreTaggedAndStopped()
    {
        await using var cloud = await SimulatedCloud.StartAsync();
        var ids = Launch(cloud, 3);
        using var connections = cloud.Connect();

        var results = await QuarantineAsync(connections, ids);

        Assert.All(ids, id => Assert.Equal(TerminateOutcome.Quarantined, results[id].Outcome));
        Assert.All(ids, id => Assert.Equal("2026-11-25T12:00:00Z", cloud.Ec2.Find(id)!.Tags["nstance:gc-quarantined"]));
        Assert.All(ids, id => Assert.StartsWith("stop", cloud.Ec2.Find(id)!.StateName, StringComparison.Ordinal));
    }

    [Fact]
    public async Task QuarantineAsync_TerminationProtected_IsNeitherTaggedNorStopped()
    {
        await using var cloud = await SimulatedCloud.StartAsync();
        var guarded = cloud.Ec2.Launch(new LaunchSpec { Tags = Own, TerminationProtected = true })[0].Id;
        var other = Launch(cloud, 1)[0];
        using var connections = cloud.Connect();

        var results = await QuarantineAsync(connections, [guarded, other]);

        Assert.Equal((TerminateOutcome.Protected, TerminateOutcome.Quarantined), (results[guarded].Outcome, results[other].Outcome));
        Assert.False(cloud.Ec2.Find(guarded)!.Tags.ContainsKey("nstance:gc-quarantined"));
        Assert.DoesNotContain("stop", cloud.Ec2.Find(guarded)!.StateName, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FindProtectedAsync_OneOfTwoIsProtected_NamesIt()
    {
        await using var cloud = await SimulatedCloud.StartAsync();
        var guarded = cloud.Ec2.Launch(new LaunchSpec { Tags = Own, TerminationProtected = true })[0].Id;
        var other = Launch(cloud, 1)[0];
        using var connections = cloud.Connect();
        var described = await Ec2(connections).DescribeAsync([guarded, other], default);

        var results = await Ec2(connections).FindProtectedAsync([.. described.Found.Values], default);

        Assert.Equal([(guarded, TerminateOutcome.Protected)], results.Select(r => (r.Key, r.Value.Outcome)));
        Assert.True(cloud.Ec2.Find(guarded)!.Alive);
    }

    [Theory]
    [InlineData("DescribeInstanceAttribute")]
    [InlineData("CreateTags")]
    public async Task QuarantineAsync_CannotAskOrTag_StopsNothing(string action)
    {
        await using var cloud = await SimulatedCloud.StartAsync();
        var ids = Launch(cloud, 2);
        cloud.Faults.Always(action, Fault.Denied);
        using var connections = cloud.Connect();

        var results = await QuarantineAsync(connections, ids);

        Assert.All(ids, id => Assert.Equal(TerminateOutcome.Failed, results[id].Outcome));
        Assert.All(ids, id => Assert.DoesNotContain("stop", cloud.Ec2.Find(id)!.StateName, StringComparison.Ordinal));
    }

    [Fact]
    public async Task QuarantineAsync_OneOfABatchIsGone_TheOthersAreStopped()
    {
        await using var cloud = await SimulatedCloud.StartAsync();
        var ids = Launch(cloud, 5);
        cloud.Ec2.Terminate(ids[2], "somebody");
        using var connections = cloud.Connect();

        var results = await QuarantineAsync(connections, ids);

        Assert.All(ids.Where(id => id != ids[2]), id => Assert.Equal(TerminateOutcome.Quarantined, results[id].Outcome));
        Assert.All(ids.Where(id => id != ids[2]), id => Assert.StartsWith("stop", cloud.Ec2.Find(id)!.StateName, StringComparison.Ordinal));
        Assert.NotNull(results[ids[2]].Why);
    }

    [Fact]
    public async Task RunAsync_TaggingTookLongerThanEvidenceHolds_StopsNothing()
    {
        await using var cloud = await SimulatedCloud.StartAsync();
        var ids = Launch(cloud, 2);
        using var client = new AmazonEC2Client("test", "test", new AmazonEC2Config { ServiceURL = cloud.Ec2Url.ToString(), AuthenticationRegion = "us-west-2" });

        var results = await new Ec2Quarantine(client, new("EC2", "here", RealClients.Timeout), new SlowClock()).RunAsync(ids, At, default);

        Assert.All(ids, id => Assert.Equal(TerminateOutcome.Failed, results[id].Outcome));
        Assert.All(ids, id => Assert.True(cloud.Ec2.Find(id)!.Tags.ContainsKey("nstance:gc-quarantined")));
        Assert.All(ids, id => Assert.DoesNotContain("stop", cloud.Ec2.Find(id)!.StateName, StringComparison.Ordinal));
    }

    [Fact]
    public async Task ReleaseAsync_Stopped_StartsProtectsAndUntags()
    {
        await using var cloud = await SimulatedCloud.StartAsync();
        var id = Launch(cloud, 1)[0];
        using var connections = cloud.Connect();
        await QuarantineAsync(connections, [id]);

        await ReleasesAsync(cloud, connections, id);
    }

    [Fact]
    public async Task QuarantineAsync_OneHasNoPlaceForATag_TheOthersAreStopped()
    {
        await using var cloud = await SimulatedCloud.StartAsync();
        var full = cloud.Ec2.Launch(new LaunchSpec { Tags = Filled(50) })[0].Id;
        var others = Launch(cloud, 2);
        using var connections = cloud.Connect();

        var results = await QuarantineAsync(connections, [others[0], full, others[1]]);

        Assert.Equal(TerminateOutcome.Failed, results[full].Outcome);
        Assert.Contains("TagLimitExceeded", results[full].Why, StringComparison.Ordinal);
        Assert.DoesNotContain("stop", cloud.Ec2.Find(full)!.StateName, StringComparison.Ordinal);
        Assert.All(others, id => Assert.Equal(TerminateOutcome.Quarantined, results[id].Outcome));
    }

    [Fact]
    public async Task ReleaseAsync_QuarantineTookTheLastTag_StartsAndProtects()
    {
        await using var cloud = await SimulatedCloud.StartAsync();
        var id = cloud.Ec2.Launch(new LaunchSpec { Tags = Filled(49) })[0].Id;
        using var connections = cloud.Connect();
        await QuarantineAsync(connections, [id]);

        await ReleasesAsync(cloud, connections, id);
    }

    private static async Task ReleasesAsync(SimulatedCloud cloud, IConnections connections, string id)
    {
        await Ec2(connections).ReleaseAsync(id, At.AddDays(1), default);

        var machine = cloud.Ec2.Find(id)!;
        Assert.False(machine.Tags.ContainsKey("nstance:gc-quarantined"));
        Assert.Equal("2026-11-26T12:00:00Z", machine.Tags["nstance:gc-protect"]);
        Assert.Contains(machine.StateName, new[] { "pending", "running" });
    }

    /// <summary>Between two looks at it most of what <see cref="TerminateInBatches.MaxDuration"/> allows has gone by.</summary>
    private sealed class SlowClock : TimeProvider
    {
        private long _looks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => TerminateInBatches.MaxDuration.Ticks * 2 / 3 * _looks++;
    }

    private static Dictionary<string, string> Filled(int tags) =>
        new(Own.Concat(Enumerable.Range(0, tags - Own.Count).Select(n => KeyValuePair.Create($"tag-{n}", ""))), StringComparer.Ordinal);

    private static string[] Launch(SimulatedCloud cloud, int count) =>
        [.. cloud.Ec2.Launch(new LaunchSpec { Count = count, Tags = Own }).Select(m => m.Id)];

    private static ICloud Ec2(IConnections connections) => connections.Cloud(null, RealClients.Timeout);

    private static async Task<IReadOnlyDictionary<string, TerminateResult>> QuarantineAsync(IConnections connections, string[] ids)
    {
        var described = await Ec2(connections).DescribeAsync(ids, default);
        return await Ec2(connections).QuarantineAsync([.. described.Found.Values], At, default);
    }
}
