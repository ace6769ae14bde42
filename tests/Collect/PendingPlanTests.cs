using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Tests.Collect;

/// <summary>A pending plan does not change, and rejected instances stay.</summary>
public sealed class PendingPlanTests : IDisposable
{
    private readonly CollectWorld _world = new();

    public PendingPlanTests() =>
        _world.Input = _world.Input with { Limits = new() { ShardFloor = 1, ShardPercent = 0 } };

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task Collect_WhileAPlanIsPending_MakesNoOtherAndCountsWhatIsLater()
    {
        _world.Add();
        _world.Add();
        await PendAsync();
        CollectWorld.Made[] later = [_world.Add(), _world.Add(), _world.Add()];

        var result = await _world.CollectAsync();

        Assert.Null(result.Plan);
        Assert.Equal((3, null), (result.Pending!.Waiting, result.Pending.Over));
        Assert.Single(_world.Plans.Objects);
        Assert.All(later, _world.AssertUntouched);
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, true)]
    public async Task Collect_PendingPlanWhoseInstancesRegistered_IsOverWhenFewerThanHalfAreLeft(int gone, bool isOver)
    {
        CollectWorld.Made[] made = [_world.Add(), _world.Add(), _world.Add(), _world.Add()];
        var plan = await PendAsync();
        foreach (var one in made.Take(gone)) Register(one);

        var result = await _world.CollectAsync();

        Assert.Equal(isOver, result.Pending!.Over is not null);
        Assert.Equal(plan.Hash, result.Pending.Hash);
    }

    [Fact]
    public async Task Collect_PendingPlanAndTheCloudIsSilent_IsNotOver()
    {
        CollectWorld.Made[] made = [_world.Add(), _world.Add(), _world.Add()];
        await PendAsync();
        foreach (var one in made) _world.Cloud.Undescribable.Add(one.ProviderId);

        Assert.Null((await _world.CollectAsync()).Pending!.Over);
        Assert.All(made, _world.AssertUntouched);
    }

    [Fact]
    public async Task Collect_PendingPlanDuringAGracePeriod_IsNotOver()
    {
        CollectWorld.Made[] made = [_world.Add(), _world.Add(), _world.Add()];
        await PendAsync();
        foreach (var one in made) Register(one);
        _world.Input = _world.Input with { Grace = new(CollectWorld.AsOf, "host b took over") };

        Assert.Null((await _world.CollectAsync()).Pending!.Over);
    }

    [Fact]
    public async Task Collect_BucketTakesNoPlan_SaysSoAndTerminatesNothing()
    {
        CollectWorld.Made[] made = [_world.Add(), _world.Add()];
        _world.Plans.Fault = new(CloudFault.Transient, "S3: 503");

        var result = await _world.CollectAsync();

        Assert.All(made, _world.AssertUntouched);
        Assert.Null(result.Plan);
        Assert.Contains(result.Problems, p => p.Contains("could not be written: S3: 503", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Collect_QuietShard_NeverAsksForPlans()
    {
        await _world.CollectAsync();
        Assert.Equal(0, _world.Plans.Calls);
    }

    [Fact]
    public async Task Collect_Rejected_SkipsTheInstancesAlsoWithinLimits()
    {
        CollectWorld.Made[] made = [_world.Add(), _world.Add()];
        await RejectAsync();
        _world.Input = _world.Input with { Limits = TerminationLimits.Off };
        var other = _world.Add();

        var result = await _world.CollectAsync();

        Assert.All(made, m => _world.AssertSkipped(m, result, "rejected by ann with plan"));
        _world.AssertCollected(other);
        Assert.Empty(result.RejectionsOver);
    }

    [Fact]
    public async Task Collect_RejectedWithOtherEvidence_IsProposedAgain()
    {
        var first = _world.Add();
        _world.Add();
        await RejectAsync();
        Assert.Null((await _world.CollectAsync()).Plan);
        _world.Add();
        _world.Add();
        var now = _world.Cloud.Instances[first.ProviderId];
        _world.Cloud.Add(now with { LaunchTime = now.LaunchTime!.Value.AddSeconds(-1) });

        var plan = (await _world.CollectAsync()).Plan!;

        var ids = Plan.Read(_world.Plans.Objects[plan.Hash], plan.Hash)!.Items.Select(item => item.InstanceId);
        Assert.Equal(3, plan.Instances);
        Assert.Contains(first.Id, ids);
    }

    [Fact]
    public async Task Collect_RejectedPlanCannotBeRead_TerminatesNothingAtAll()
    {
        _world.Add();
        _world.Add();
        await RejectAsync();
        _world.Plans.Fault = new(CloudFault.Transient, "S3: 503");
        _world.Input = _world.Input with { Limits = TerminationLimits.Off };
        var other = _world.Add();

        var result = await _world.CollectAsync();

        _world.AssertSkipped(other, result, "could not be read, and may hold it");
        Assert.EndsWith("S3: 503", result.Outage, StringComparison.Ordinal);
        Assert.Empty(_world.Cloud.TerminateCalls);
    }

    [Fact]
    public async Task Collect_RejectedAndGone_ForgetsTheRejection()
    {
        CollectWorld.Made[] made = [_world.Add(), _world.Add()];
        await RejectAsync();
        foreach (var one in made) Register(one);

        Assert.Equal(
            [_world.Input.Plans!.Rejected[0].Hash], (await _world.CollectAsync()).RejectionsOver);
    }

    [Fact]
    public async Task Collect_EndedPlans_AreDeleted()
    {
        _world.Add();
        _world.Add();
        var plan = (await _world.CollectAsync()).Plan!;
        _world.Input = _world.Input with { Plans = new() { Ended = [plan.Hash] } };

        var result = await _world.CollectAsync();

        Assert.Equal([plan.Hash], result.PlansDeleted);
        Assert.False(_world.Plans.Objects.ContainsKey(plan.Hash));
    }

    private async Task<CollectPlan> PendAsync()
    {
        var plan = (await _world.CollectAsync()).Plan!;
        _world.Input = _world.Input with { Plans = new() { Pending = new(plan.Hash, IsOfHealth: false) } };
        return plan;
    }

    private async Task RejectAsync()
    {
        var plan = (await _world.CollectAsync()).Plan!;
        var rejection = new Rejection(plan.Hash, "ann", "keep them", CollectWorld.AsOf);
        _world.Input = _world.Input with { Plans = new() { Rejected = [rejection] } };
    }

    private void Register(CollectWorld.Made made) => _world.Sql(
        "UPDATE instances SET registered_at = $at WHERE id = $id", ("$at", GoTime.Format(CollectWorld.AsOf)),
        ("$id", made.Id));
}
