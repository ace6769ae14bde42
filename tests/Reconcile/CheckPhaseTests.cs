using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Reconcile;
using Nstance.Temporal.Tests.Collect;

namespace Nstance.Temporal.Tests.Reconcile;

/// <summary>A check terminates and writes nothing.</summary>
public sealed class CheckPhaseTests : IDisposable
{
    private static readonly ShardTimings Timings = new() { HealthCheckInterval = TimeSpan.FromMinutes(1) };

    private readonly CollectWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Theory]
    [InlineData("running", 2, CheckVerdict.Fine, "running; 2 reports are missing, 3 would be too many")]
    [InlineData("running", 3, CheckVerdict.Replace, "running, but 3 reports are missing")]
    [InlineData("pending", 9, CheckVerdict.Fine, "pending; 9 reports are missing, 3 would be too many")]
    [InlineData("stopped", 1, CheckVerdict.Collectable, "stopped at the cloud")]
    [InlineData("deleting", 1, CheckVerdict.Collectable, "deleting at the cloud")]
    [InlineData("deleted", 1, CheckVerdict.Collectable, "terminated at the cloud")]
    [InlineData("unknown", 9, CheckVerdict.Unknown, "in a state that is not understood")]
    public async Task Check_StatusAtTheCloud_GivesTheVerdict(
        string status, int missed, CheckVerdict verdict, string why)
    {
        var made = Registered(InstanceStatuses.Parse(status));
        Assert.Equal((verdict, why), await CheckAsync(made, missed));
        Untouched(made);
    }

    [Fact]
    public async Task Check_ReportsAgain_IsFine()
    {
        var made = Registered();
        SetHealthAt(0);
        Assert.Equal((CheckVerdict.Fine, "reports again"), await CheckAsync(made));
        Untouched(made);
    }

    /// <summary>The check waited for a host. Its count is of the time before.</summary>
    [Fact]
    public async Task Check_ReportedSinceTheScan_CountsFromThatReport()
    {
        var made = Registered();
        SetHealthAt(-90);
        Assert.Equal(
            (CheckVerdict.Fine, "running; 1 reports are missing, 3 would be too many"), await CheckAsync(made));
        Untouched(made);
    }

    /// <summary>An election reset every report, so that the row counts from its registration.</summary>
    [Theory]
    [InlineData(-30, CheckVerdict.Fine, "reports again")]
    [InlineData(-150, CheckVerdict.Fine, "running; 2 reports are missing, 3 would be too many")]
    [InlineData(-180, CheckVerdict.Replace, "running, but 3 reports are missing")]
    public async Task Check_ElectedSinceTheScan_CountsFromTheElection(int election, CheckVerdict verdict, string why)
    {
        var made = Registered();
        _world.Db.SetMeta(MetaKeys.HealthFrom, CollectWorld.AsOf.AddSeconds(election));
        Assert.Equal((verdict, why), await CheckAsync(made));
        Untouched(made);
    }

    [Fact]
    public async Task Check_HostIntoWhichNoAgentReports_IsUnknown()
    {
        var made = Registered();
        _world.Sql("UPDATE instances SET health_at = NULL");
        Assert.Equal(
            (CheckVerdict.Unknown, "no agent reports into this host's database"), await CheckAsync(made));
        Untouched(made);
    }

    [Fact]
    public async Task Check_NotFound_MarksNothing()
    {
        var made = _world.Add(registered: true, recordRegistered: true, inCloud: false);
        Assert.Equal((CheckVerdict.Collectable, "not found at the cloud"), await CheckAsync(made));
        Untouched(made);
    }

    [Fact]
    public async Task Check_CloudDoesNotAnswer_IsUnknown()
    {
        var made = Registered();
        _world.Cloud.DescribeFault = new(CloudFault.Throttled, "slow down");
        Assert.Equal((CheckVerdict.Unknown, "slow down"), await CheckAsync(made));
        Untouched(made);
    }

    [Fact]
    public async Task Check_CloudLeavesItOut_IsUnknown()
    {
        var made = Registered();
        _world.Cloud.Undescribable.Add(made.ProviderId);
        Assert.Equal(CheckVerdict.Unknown, (await CheckAsync(made)).Verdict);
        Untouched(made);
    }

    [Fact]
    public async Task Check_OfAnotherShard_IsUnknown()
    {
        var made = _world.Add(
            status: InstanceStatus.Stopped, registered: true, recordRegistered: true, shardTag: "elsewhere");
        Assert.Equal(
            (CheckVerdict.Unknown, $"{made.ProviderId} is not this instance at the cloud"), await CheckAsync(made));
        Untouched(made);
    }

    [Fact]
    public async Task Check_WithoutProviderId_IsUnknown() => Assert.Equal(
        (CheckVerdict.Unknown, "the row has no provider id"),
        await CheckAsync(_world.Add(provider: false, registered: true)));

    [Fact]
    public async Task Check_DeletedMeanwhile_IsFine()
    {
        var made = Registered(InstanceStatus.Stopped);
        _world.Db.MarkDeleted([_world.Db.Find(made.Id)!], CollectWorld.AsOf);
        Assert.Equal((CheckVerdict.Fine, "was deleted meanwhile"), await CheckAsync(made));
    }

    [Fact]
    public async Task Check_NoSuchRow_IsUnknown() => Assert.Equal(
        (CheckVerdict.Unknown, "the database has no such row"),
        await CheckAsync(new("knc06bgm7733st2576nx5jht4ecjw", "i-1", "")));

    private static ReconcileEvent Check(CollectWorld.Made made, int missed) =>
        new(ReconcileEventType.CheckInstance, "acme", "web", made.Id, CollectWorld.AsOf, true, "silent", missed);

    private CollectWorld.Made Registered(InstanceStatus status = InstanceStatus.Running)
    {
        var made = _world.Add(status: status, registered: true, recordRegistered: true);
        SetHealthAt(-3600);
        return made;
    }

    private void SetHealthAt(int seconds) => _world.Sql(
        "UPDATE instances SET health_at = $at", ("$at", GoTime.Format(CollectWorld.AsOf.AddSeconds(seconds))));

    private void Untouched(CollectWorld.Made made)
    {
        _world.AssertUntouched(made);
        Assert.Equal("running", _world.ListedAs(made));
    }

    private async Task<(CheckVerdict Verdict, string Why)> CheckAsync(CollectWorld.Made made, int missed = 9)
    {
        var result = await new CheckPhase(_world.Db, _world.Cloud, Timings)
            .RunAsync(new(CollectWorld.Shard, CollectWorld.AsOf, [Check(made, missed)]), CancellationToken.None);
        var one = Assert.Single(result.Instances);
        Assert.Equal(made.Id, one.InstanceId);
        return (one.Verdict, one.Why);
    }
}
