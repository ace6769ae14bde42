using Amazon.EC2;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Simulation.Faults;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Aws;

/// <summary>Quarantine and release through the real SDK client.</summary>
public sealed class Ec2QuarantineTests : IAsyncLifetime
{
    private static readonly DateTimeOffset At = new(2026, 11, 25, 12, 0, 0, TimeSpan.Zero);

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
    public async Task QuarantineAsync_Running_AreTaggedAndStopped()
    {
        var ids = _cloud.Launch(3);

        var results = await QuarantineAsync(ids);

        Assert.All(ids, id => Assert.Equal(TerminateOutcome.Quarantined, results[id].Outcome));
        Assert.All(ids, id => Assert.Equal("2026-11-25T12:00:00Z", Tag(id, CloudTags.GcQuarantined)));
        Assert.All(ids, id => Assert.True(IsStopped(id)));
    }

    [Fact]
    public async Task QuarantineAsync_TerminationProtected_IsNeitherTaggedNorStopped()
    {
        var guarded = _cloud.Launch(1, isProtected: true)[0];
        var other = _cloud.Launch(1)[0];

        var results = await QuarantineAsync([guarded, other]);

        Assert.Equal(TerminateOutcome.Protected, results[guarded].Outcome);
        Assert.Equal(TerminateOutcome.Quarantined, results[other].Outcome);
        Assert.Null(Tag(guarded, CloudTags.GcQuarantined));
        Assert.False(IsStopped(guarded));
    }

    [Fact]
    public async Task QuarantineAsync_StopProtected_IsNotTaggedAndCountsAsProtected()
    {
        var guarded = _cloud.Launch(1, isStopProtected: true)[0];
        var other = _cloud.Launch(1)[0];

        var results = await QuarantineAsync([guarded, other]);

        Assert.Equal(new(TerminateOutcome.Protected, "stop protection is on at the cloud"), results[guarded]);
        Assert.Equal(TerminateOutcome.Quarantined, results[other].Outcome);
        Assert.Null(Tag(guarded, CloudTags.GcQuarantined));
        Assert.False(IsStopped(guarded));
    }

    [Fact]
    public async Task QuarantineAsync_ProtectedAfterItWasAsked_CountsAsProtected()
    {
        var guarded = _cloud.Launch(1)[0];
        var other = _cloud.Launch(1)[0];
        var hold = new CallHold();
        _cloud.Faults.Script("StopInstances", Fault.Held(hold, after: false));
        var quarantine = QuarantineAsync([guarded, other]);
        await hold.Arrived;
        _cloud.Ec2.Change(guarded, machine => machine with { StopProtected = true });
        hold.Open();

        var results = await quarantine;

        Assert.Equal(new(TerminateOutcome.Protected, "stop protection is on at the cloud"), results[guarded]);
        Assert.Equal(TerminateOutcome.Quarantined, results[other].Outcome);
        Assert.True(IsStopped(other));
    }

    [Fact]
    public async Task FindProtectedAsync_StopProtected_NamesIt()
    {
        var guarded = _cloud.Launch(1, isStopProtected: true)[0];
        var described = await Ec2.DescribeAsync([guarded], default);

        var results = await Ec2.FindProtectedAsync([.. described.Found.Values], default);

        Assert.Equal(new(TerminateOutcome.Protected, "stop protection is on at the cloud"), results[guarded]);
    }

    [Fact]
    public async Task TerminateAsync_StopProtected_IsReportedAsProtected()
    {
        var guarded = _cloud.Launch(1, isStopProtected: true)[0];
        var described = await Ec2.DescribeAsync([guarded], default);

        var results = await Ec2.TerminateAsync([.. described.Found.Values], default);

        Assert.Equal(new(TerminateOutcome.Protected, "stop protection is on at the cloud"), results[guarded]);
        Assert.True(_cloud.Ec2.Find(guarded)!.Alive);
    }

    [Fact]
    public async Task FindProtectedAsync_OneOfTwoIsProtected_NamesIt()
    {
        var guarded = _cloud.Launch(1, isProtected: true)[0];
        var other = _cloud.Launch(1)[0];
        var described = await Ec2.DescribeAsync([guarded, other], default);

        var results = await Ec2.FindProtectedAsync([.. described.Found.Values], default);

        Assert.Equal([(guarded, TerminateOutcome.Protected)], results.Select(r => (r.Key, r.Value.Outcome)));
        Assert.True(_cloud.Ec2.Find(guarded)!.Alive);
    }

    [Theory]
    [InlineData("DescribeInstanceAttribute")]
    [InlineData("CreateTags")]
    public async Task QuarantineAsync_CannotAskOrTag_StopsNothing(string action)
    {
        var ids = _cloud.Launch(2);
        _cloud.Faults.Always(action, Fault.Denied);

        var results = await QuarantineAsync(ids);

        Assert.All(ids, id => Assert.Equal(TerminateOutcome.Failed, results[id].Outcome));
        Assert.All(ids, id => Assert.False(IsStopped(id)));
    }

    [Fact]
    public async Task QuarantineAsync_CannotBeStopped_TheyRunOnAndTheirTagSaysSo()
    {
        var ids = _cloud.Launch(2);
        _cloud.Faults.Always("StopInstances", Fault.Unsupported);

        var results = await QuarantineAsync(ids);

        Assert.All(ids, id => Assert.Equal(TerminateOutcome.Quarantined, results[id].Outcome));
        Assert.All(ids, id => Assert.StartsWith("it runs on", results[id].Why, StringComparison.Ordinal));
        Assert.All(ids, id => Assert.Equal("2026-11-25T12:00:00Z runs on", Tag(id, CloudTags.GcQuarantined)));
    }

    /// <summary>A machine that was never stopped has not shown that it is not needed.</summary>
    [Theory]
    [InlineData("Throttled", true)]
    [InlineData("InternalError", true)]
    [InlineData("Denied", false)]
    public async Task QuarantineAsync_StopFails_IsNoQuarantineAndTheNextTryStopsThem(string fault, bool isOutage)
    {
        var ids = _cloud.Launch(2);
        _cloud.Faults.Always("StopInstances", new Fault(Enum.Parse<FaultKind>(fault)));

        var failed = await QuarantineAsync(ids);

        Assert.All(ids, id => Assert.Equal(TerminateOutcome.Failed, failed[id].Outcome));
        Assert.All(ids, id => Assert.Equal(isOutage, failed[id].IsOutage));
        Assert.All(ids, id => Assert.Equal("2026-11-25T12:00:00Z", Tag(id, CloudTags.GcQuarantined)));
        _cloud.Faults.Clear();
        var again = await QuarantineAsync(ids);
        Assert.All(ids, id => Assert.Equal(TerminateOutcome.Quarantined, again[id].Outcome));
        Assert.All(ids, id => Assert.True(IsStopped(id)));
    }

    [Fact]
    public async Task QuarantineAsync_OneOfABatchIsGone_TheOthersAreStopped()
    {
        var ids = _cloud.Launch(5);
        var others = ids.Where(id => id != ids[2]).ToArray();
        _cloud.Ec2.Terminate(ids[2], "operator");

        var results = await QuarantineAsync(ids);

        Assert.All(others, id => Assert.Equal(TerminateOutcome.Quarantined, results[id].Outcome));
        Assert.All(others, id => Assert.True(IsStopped(id)));
        Assert.NotNull(results[ids[2]].Why);
    }

    [Fact]
    public async Task QuarantineAsync_OneHasNoRoomForATag_TheOthersAreStopped()
    {
        var full = LaunchWithTags(50);
        var others = _cloud.Launch(2);

        var results = await QuarantineAsync([others[0], full, others[1]]);

        Assert.Equal(TerminateOutcome.Failed, results[full].Outcome);
        Assert.Contains("TagLimitExceeded", results[full].Why, StringComparison.Ordinal);
        Assert.False(IsStopped(full));
        Assert.All(others, id => Assert.Equal(TerminateOutcome.Quarantined, results[id].Outcome));
    }

    [Fact]
    public async Task RunAsync_TaggingTookLongerThanEvidenceHolds_StopsNothing()
    {
        var ids = _cloud.Launch(2);
        var config = new AmazonEC2Config { ServiceURL = _cloud.Ec2Url.ToString(), AuthenticationRegion = "us-west-2" };
        using var client = new AmazonEC2Client("test", "test", config);
        var quarantine = new Ec2Quarantine(client, new("EC2", "here", RealClients.Timeout), new SlowClock());

        var results = await quarantine.RunAsync(ids, At, default);

        Assert.All(ids, id => Assert.Equal(TerminateOutcome.Failed, results[id].Outcome));
        Assert.All(ids, id => Assert.NotNull(Tag(id, CloudTags.GcQuarantined)));
        Assert.All(ids, id => Assert.False(IsStopped(id)));
    }

    /// <summary>With 49 tags the quarantine's tag takes the last place, which the protection needs.</summary>
    [Theory]
    [InlineData(3)]
    [InlineData(49)]
    public async Task ReleaseAsync_Stopped_StartsProtectsAndUntags(int tags)
    {
        var id = LaunchWithTags(tags);
        await QuarantineAsync([id]);

        await ReleaseAsync(id);

        Assert.Null(Tag(id, CloudTags.GcQuarantined));
        Assert.Equal("2026-11-26T12:00:00Z", Tag(id, CloudTags.GcProtect));
        Assert.Contains(_cloud.Ec2.Find(id)!.StateName, new[] { "pending", "running" });
    }

    /// <summary>EC2 refuses to start a spot instance that could not be stopped.</summary>
    [Fact]
    public async Task ReleaseAsync_RunsOn_ProtectsAndUntagsWithoutAStart()
    {
        var id = _cloud.Launch(1)[0];
        _cloud.Faults.Always("StopInstances", Fault.Unsupported);
        _cloud.Faults.Always("StartInstances", Fault.Unsupported);
        await QuarantineAsync([id]);

        await ReleaseAsync(id);

        Assert.Null(Tag(id, CloudTags.GcQuarantined));
        Assert.Equal("2026-11-26T12:00:00Z", Tag(id, CloudTags.GcProtect));
    }

    private async Task ReleaseAsync(string id)
    {
        var described = await Ec2.DescribeAsync([id], default);
        await Ec2.ReleaseAsync(described.Found[id], At.AddDays(1), default);
    }

    private string? Tag(string id, string key) => _cloud.Ec2.Find(id)!.Tags.GetValueOrDefault(key);

    private bool IsStopped(string id) =>
        _cloud.Ec2.Find(id)!.StateName.StartsWith("stop", StringComparison.Ordinal);

    private string LaunchWithTags(int count)
    {
        var more = Enumerable.Range(0, count - AwsShard.Tags.Count).Select(n => KeyValuePair.Create($"tag-{n}", ""));
        var tags = new Dictionary<string, string>(AwsShard.Tags.Concat(more), StringComparer.Ordinal);
        return _cloud.Ec2.Launch(new LaunchSpec { Tags = tags })[0].Id;
    }

    private async Task<IReadOnlyDictionary<string, TerminateResult>> QuarantineAsync(string[] ids)
    {
        var described = await Ec2.DescribeAsync(ids, default);
        return await Ec2.QuarantineAsync([.. described.Found.Values], At, default);
    }

    /// <summary>Two thirds of <see cref="TerminateInBatches.MaxDuration"/> pass between two reads.</summary>
    private sealed class SlowClock : TimeProvider
    {
        private long _reads;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => TerminateInBatches.MaxDuration.Ticks * 2 / 3 * _reads++;
    }
}
