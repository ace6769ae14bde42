using Microsoft.Extensions.Logging.Abstractions;
using Nstance.Temporal.Activities.Cloud;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Reconciling;
using Nstance.Temporal.Tests.Collection;
using Nstance.Temporal.Workflows.Contracts;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Tests.Reconciling;

/// <summary>A check ends nothing; it may only write what the cloud says, and it must be sure.</summary>
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
    public async Task Check_Unhealthy_WritesItForTheNextCycle(string name)
    {
        var status = InstanceStatuses.Parse(name);
        var made = Registered(status);
        Assert.Equal(CheckVerdict.Collectable, await CheckAsync(made));
        Assert.Equal(status, _world.Db.Find(made.Id)!.Status);
        _world.AssertUntouched(made);
    }

    [Fact]
    public async Task Check_NotFound_WritesDeletedAndMarksNothing()
    {
        var made = _world.Add(registered: true, recordRegistered: true, inCloud: false);
        Assert.Equal(CheckVerdict.Collectable, await CheckAsync(made));
        Assert.Equal(InstanceStatus.Deleted, _world.Db.Find(made.Id)!.Status);
        Assert.True(_world.IsLive(made));
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
        _world.Db.MarkDeleted([made.Id], CollectWorld.AsOf);
        Assert.Equal(CheckVerdict.Fine, await CheckAsync(made, 9));
    }

    [Fact]
    public async Task Check_NoSuchRow_IsUnknown() =>
        Assert.Equal(CheckVerdict.Unknown, await CheckAsync(new("knc06bgm7733st2576nx5jht4ecjw", "i-1", "")));

    /// <summary>The workflow then looks for a host that can; an exception that it does not know it could only try again.</summary>
    [Fact]
    public async Task CheckInstances_DatabaseThatTakesNoWrite_FailsInWordsThatWorkflowsKnow()
    {
        var made = Registered(InstanceStatus.Stopped);
        using var activities = new ReconcilerActivities(
            (_, _) => Task.FromResult(new HeldShard(ShardDatabase.OpenToRead(_world.Db.Path, CollectWorld.Shard, own: true), _world.Cloud, Minute)),
            webhook: null, TimeProvider.System, NullLogger.Instance);

        var failure = await Assert.ThrowsAsync<ApplicationFailureException>(
            () => activities.CheckInstancesAsync(new(CollectWorld.Shard, CollectWorld.AsOf, [Check(made, 1)])));

        Assert.Equal((ErrorTypes.ShardNotHeld, true), (failure.ErrorType, failure.NonRetryable));
        Assert.Equal(InstanceStatus.Running, _world.Db.Find(made.Id)!.Status);
    }

    private static ReconcileEvent Check(CollectWorld.Made made, int missed) =>
        new(ReconcileEventType.CheckInstance, "acme", "web", made.Id, CollectWorld.AsOf, true, "silent", missed);

    private CollectWorld.Made Registered(InstanceStatus status = InstanceStatus.Running) =>
        _world.Add(status: status, registered: true, recordRegistered: true);

    private void Untouched(CollectWorld.Made made)
    {
        _world.AssertUntouched(made);
        Assert.Equal(InstanceStatus.Running, _world.Db.Find(made.Id)!.Status);
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
