using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Reconcile;
using Nstance.Temporal.Tests.Collect;

namespace Nstance.Temporal.Tests.Reconcile;

/// <summary>A check ends and writes nothing, and it must be sure of what it says.</summary>
public sealed class CheckPhaseTests : IDisposable
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly CollectWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Theory]
    [InlineData(2, CheckVerdict.Fine)]
    [InlineData(3, CheckVerdict.Replace)]
    public async Task Check_RunningAndSilent_IsReplacedFromThreeMissedReportsOn(int missed, CheckVerdict verdict)
    {
        var made = Registered();
        Assert.Equal(verdict, await CheckAsync(made, missed));
        Untouched(made);
    }

    [Fact]
    public async Task Check_ReportsAgain_IsFine()
    {
        var made = Registered();
        _world.Sql("UPDATE instances SET health_at = $at", ("$at", GoTime.Format(CollectWorld.AsOf)));
        Assert.Equal(CheckVerdict.Fine, await CheckAsync(made, 9));
        Untouched(made);
    }

    [Theory]
    [InlineData("stopped")]
    [InlineData("deleting")]
    [InlineData("deleted")]
    public async Task Check_Unhealthy_IsForTheNextCycle(string name)
    {
        var made = Registered(InstanceStatuses.Parse(name));
        Assert.Equal(CheckVerdict.Collectable, await CheckAsync(made));
        Untouched(made);
    }

    [Fact]
    public async Task Check_NotFound_MarksNothing()
    {
        var made = _world.Add(registered: true, recordRegistered: true, inCloud: false);
        Assert.Equal(CheckVerdict.Collectable, await CheckAsync(made));
        Untouched(made);
    }

    [Fact]
    public async Task Check_CloudDoesNotAnswer_IsUnknown()
    {
        var made = Registered();
        _world.Cloud.DescribeFault = new(CloudFault.Throttled, "slow down");
        Assert.Equal(CheckVerdict.Unknown, await CheckAsync(made, 9));
        Untouched(made);
    }

    [Fact]
    public async Task Check_CloudLeavesItOut_IsUnknown()
    {
        var made = Registered();
        _world.Cloud.Undescribable.Add(made.ProviderId);
        Assert.Equal(CheckVerdict.Unknown, await CheckAsync(made, 9));
        Untouched(made);
    }

    [Fact]
    public async Task Check_NotOurs_IsUnknown()
    {
        var made = _world.Add(status: InstanceStatus.Stopped, registered: true, recordRegistered: true, shardTag: "elsewhere");
        Assert.Equal(CheckVerdict.Unknown, await CheckAsync(made, 9));
        Untouched(made);
    }

    [Fact]
    public async Task Check_StateThatNobodyUnderstands_IsUnknown()
    {
        var made = Registered(InstanceStatus.Unknown);
        Assert.Equal(CheckVerdict.Unknown, await CheckAsync(made, 9));
        Untouched(made);
    }

    [Fact]
    public async Task Check_WithoutProviderId_IsUnknown() =>
        Assert.Equal(CheckVerdict.Unknown, await CheckAsync(_world.Add(provider: false, registered: true), 9));

    [Fact]
    public async Task Check_DeletedMeanwhile_IsFine()
    {
        var made = Registered(InstanceStatus.Stopped);
        _world.Db.MarkDeleted([_world.Db.Find(made.Id)!], CollectWorld.AsOf);
        Assert.Equal(CheckVerdict.Fine, await CheckAsync(made, 9));
    }

    [Fact]
    public async Task Check_NoSuchRow_IsUnknown() =>
        Assert.Equal(CheckVerdict.Unknown, await CheckAsync(new("knc06bgm7733st2576nx5jht4ecjw", "i-1", "")));

    private static ReconcileEvent Check(CollectWorld.Made made, int missed) =>
        new(ReconcileEventType.CheckInstance, "acme", "web", made.Id, CollectWorld.AsOf, true, "silent", missed);

    private CollectWorld.Made Registered(InstanceStatus status = InstanceStatus.Running) =>
        _world.Add(status: status, registered: true, recordRegistered: true);

    private void Untouched(CollectWorld.Made made)
    {
        _world.AssertUntouched(made);
        Assert.Equal("running", _world.ListedAs(made));
    }

    private async Task<CheckVerdict> CheckAsync(CollectWorld.Made made, int missed = 1)
    {
        var result = await new CheckPhase(_world.Db, _world.Cloud, Minute)
            .RunAsync(new(CollectWorld.Shard, CollectWorld.AsOf, [Check(made, missed)]), CancellationToken.None);
        var one = Assert.Single(result.Instances);
        Assert.Equal(made.Id, one.InstanceId);
        Assert.NotEmpty(one.Why);
        return one.Verdict;
    }
}
