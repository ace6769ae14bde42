using System.Text;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Tests.Collect;

/// <summary>
/// What a limit holds back, and what an approval lets through: exactly what was read, and nothing else.
/// </summary>
public sealed class PlanCollectTests : IDisposable
{
    private readonly CollectWorld _world = new();

    public PlanCollectTests() =>
        _world.Input = _world.Input with { Limits = new() { ShardFloor = 1, ShardPercent = 0 } };

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task Collect_OverLimit_TerminatesNothingAndPlansAll()
    {
        CollectWorld.Made[] made = [_world.Add(), _world.Add(), _world.Add()];

        var result = await _world.CollectAsync();

        Assert.All(made, _world.AssertUntouched);
        Assert.Equal(3, result.Plan!.Instances);
        Assert.Equal(made.Select(m => m.Id).Order(), result.Plan.Samples.Select(s => s.InstanceId).Order());
        Assert.Contains("Dangling", Assert.Single(result.Plan.Exceeded), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Collect_NewPlan_IsInTheBucketWithAllOfIt()
    {
        CollectWorld.Made[] made = [.. Enumerable.Range(0, 30).Select(_ => _world.Add())];

        var plan = (await _world.CollectAsync()).Plan!;

        var kept = Plan.Read(_world.Plans.Objects[plan.Hash], plan.Hash)!;
        Assert.Equal(made.Select(m => m.Id).Order(), kept.Items.Select(item => item.InstanceId));
        Assert.Equal([new PlanPart(CollectReason.Dangling, "acme/web", 30)], plan.Parts);
        Assert.Equal(CollectPlan.MaxSamples, plan.Samples.Count);
    }

    [Fact]
    public async Task Collect_Approved_TerminatesThePlansInstancesAndSaysByWhom()
    {
        CollectWorld.Made[] made = [_world.Add(), _world.Add(), _world.Add()];
        await ApproveAsync();

        var result = await _world.CollectAsync();

        Assert.All(made, _world.AssertCollected);
        Assert.Equal((3, true), (result.Approved, result.ApprovalDone));
        Assert.Null(result.Plan);
        Assert.All(result.Samples, s => Assert.Contains("approved by ann", s.Why, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Collect_ApprovedButRegisteredMeanwhile_SkipsThatOne()
    {
        var first = _world.Add();
        var second = _world.Add();
        await ApproveAsync();
        _world.Sql(
            "UPDATE instances SET registered_at = $at WHERE id = $id", ("$at", GoTime.Format(CollectWorld.AsOf)),
            ("$id", first.Id));

        var result = await _world.CollectAsync();

        _world.AssertUntouched(first);
        Assert.Equal(1, result.Of(CollectReason.Dangling).Candidates);
        _world.AssertCollected(second);
    }

    [Fact]
    public async Task Collect_ApprovedButProtectedMeanwhile_Skips()
    {
        var first = _world.Add();
        var second = _world.Add();
        await ApproveAsync();
        foreach (var made in new[] { first, second }) Protect(made);

        var result = await _world.CollectAsync();

        _world.AssertSkipped(first, result, "protected by tag");
        _world.AssertSkipped(second, result, "protected by tag");
    }

    [Fact]
    public async Task Collect_NotInTheApprovedPlan_IsHeldBackAndPlanned()
    {
        _world.Add();
        _world.Add();
        await ApproveAsync();
        CollectWorld.Made[] later = [_world.Add(), _world.Add()];

        var result = await _world.CollectAsync();

        Assert.All(later, _world.AssertUntouched);
        Assert.Equal((2, 2), (result.Approved, result.Plan!.Instances));
        Assert.Equal(
            later.Select(made => made.Id).Order(), result.Plan.Samples.Select(item => item.InstanceId!).Order());
    }

    [Fact]
    public async Task Collect_ApprovalIsOver_TerminatesNothing()
    {
        CollectWorld.Made[] made = [_world.Add(), _world.Add()];
        await ApproveAsync();
        _world.Input = _world.Input with { AsOf = _world.Input.Approval!.Until };

        var result = await _world.CollectAsync();

        Assert.All(made, _world.AssertUntouched);
        Assert.Equal(2, result.Of(CollectReason.Dangling).OverLimit);
        Assert.False(result.ApprovalDone);
    }

    [Fact]
    public async Task Collect_ApprovedPlanWasDeleted_TerminatesNothingAndForgetsTheApproval()
    {
        CollectWorld.Made[] made = [_world.Add(), _world.Add()];
        _world.Input = _world.Input with { Approval = new(new('a', 64), "ann", "fine", CollectWorld.AsOf) };

        var result = await _world.CollectAsync();

        Assert.All(made, _world.AssertUntouched);
        Assert.Equal(2, result.Of(CollectReason.Dangling).OverLimit);
        Assert.Contains(
            result.Problems, p => p.Contains("was deleted: nothing is done by it", StringComparison.Ordinal));
        Assert.True(result.ApprovalDone);
    }

    [Fact]
    public async Task Collect_ApprovedPlanWasChangedInTheBucket_TerminatesNothingOfIt()
    {
        CollectWorld.Made[] made = [_world.Add(), _world.Add()];
        await ApproveAsync();
        var other = _world.Add();
        var hash = _world.Input.Approval!.Hash;
        var text = Encoding.UTF8.GetString(_world.Plans.Objects[hash]);
        _world.Plans.Objects[hash] = Encoding.UTF8.GetBytes(
            text.Replace(made[0].Id, other.Id, StringComparison.Ordinal));

        var result = await _world.CollectAsync();

        Assert.All([.. made, other], _world.AssertUntouched);
        Assert.Equal(3, result.Of(CollectReason.Dangling).OverLimit);
        Assert.Contains(
            result.Problems, p => p.Contains("was changed: nothing is done by it", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Collect_ApprovedPlanCannotBeRead_TerminatesNothingAndKeepsTheApproval()
    {
        CollectWorld.Made[] made = [_world.Add(), _world.Add()];
        await ApproveAsync();
        _world.Plans.Fault = new(CloudFault.Transient, "S3: 503");

        var result = await _world.CollectAsync();

        Assert.All(made, _world.AssertUntouched);
        Assert.False(result.ApprovalDone);
        Assert.Contains(result.Problems, p => p.Contains("nothing is done by it: S3: 503", StringComparison.Ordinal));
    }

    /// <summary>An approval is valid for an hour, and EC2 or S3 may be away when its first cycle begins.</summary>
    [Theory]
    [InlineData("cloud")]
    [InlineData("bucket")]
    [InlineData("slow")]
    public async Task Collect_NoAnswerAboutApprovedInstances_ApprovalIsNotDone(string cause)
    {
        CollectWorld.Made[] made = [_world.Add(), _world.Add()];
        await ApproveAsync();
        if (cause == "cloud") _world.Cloud.Undescribable.UnionWith(made.Select(one => one.ProviderId));
        if (cause == "bucket") _world.Records.Unreadable.UnionWith(made.Select(one => one.Key));
        if (cause == "slow") _world.Cloud.BeforeDescribe = () => _world.Clock.Advance(TimeSpan.FromSeconds(6));

        var result = await _world.CollectAsync();

        Assert.All(made, _world.AssertUntouched);
        Assert.Equal((2, false), (result.Of(CollectReason.Dangling).Skipped, result.ApprovalDone));

        _world.Cloud.Undescribable.Clear();
        _world.Records.Unreadable.Clear();
        _world.Cloud.BeforeDescribe = null;
        var again = await _world.CollectAsync();

        Assert.All(made, _world.AssertCollected);
        Assert.Equal((2, true), (again.Approved, again.ApprovalDone));
    }

    /// <summary>A pause, an election or another host came between the plan and its approval.</summary>
    [Theory]
    [InlineData("grace")]
    [InlineData("pause")]
    public async Task Collect_ApprovedInstancesMustWait_ApprovalIsNotDone(string cause)
    {
        CollectWorld.Made[] made = [_world.Add(), _world.Add()];
        await ApproveAsync();
        var approved = _world.Input;
        _world.Input = cause == "grace"
            ? approved with { Grace = new(CollectWorld.AsOf, "host two took over") }
            : approved with { PartialPauses = [new("look first", CollectWorld.AsOf) { Sweep = Sweep.Dangling }] };

        var result = await _world.CollectAsync();

        Assert.All(made, _world.AssertUntouched);
        Assert.Equal((2, false), (result.Of(CollectReason.Dangling).Skipped, result.ApprovalDone));

        _world.Input = approved;
        var again = await _world.CollectAsync();
        Assert.Equal((2, true), (again.Approved, again.ApprovalDone));
    }

    [Fact]
    public async Task Collect_TerminationFailsForOne_ApprovalIsNotDone()
    {
        var first = _world.Add();
        _world.Add();
        await ApproveAsync();
        _world.Cloud.TerminatesAs[first.ProviderId] = new(TerminateOutcome.Failed, "throttled");

        var result = await _world.CollectAsync();

        Assert.Equal((1, false), (result.Approved, result.ApprovalDone));
        _world.Cloud.TerminatesAs.Clear();
        Assert.True((await _world.CollectAsync()).ApprovalDone);
    }

    [Fact]
    public async Task Collect_DryRunOverLimit_MakesNoPlan()
    {
        _world.Add();
        _world.Add();
        _world.Input = _world.Input with { DryRun = true };

        Assert.Null((await _world.CollectAsync()).Plan);
    }

    private void Protect(CollectWorld.Made made)
    {
        var now = _world.Cloud.Instances[made.ProviderId];
        _world.Cloud.Add(
            now with { Tags = new Dictionary<string, string>(now.Tags) { [CloudTags.GcProtect] = "true" } });
    }

    private async Task ApproveAsync()
    {
        var plan = (await _world.CollectAsync()).Plan!;
        _world.Input = _world.Input with { Approval = new(plan.Hash, "ann", "fine", CollectWorld.AsOf) };
    }
}
