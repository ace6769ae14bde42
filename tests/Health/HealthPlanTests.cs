using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Rules;
using Nstance.Temporal.Tests.Collect;

namespace Nstance.Temporal.Tests.Health;

/// <summary>Checks that wait for an approval, because too many agents stopped to report together.</summary>
public sealed class HealthPlanTests : IDisposable
{
    private const string Suspect =
        "4 of 8 registered instances look stale: the source of health is suspect: 4 checks were not enqueued";

    private readonly CollectWorld _world = new();
    private readonly CollectWorld.Made[] _silent;

    public HealthPlanTests()
    {
        _silent = [.. Enumerable.Range(0, 4).Select(_ => _world.AddReported(3))];
        for (var i = 0; i < 4; i++) _world.AddReported(0);
    }

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task ScanHealth_HalfAreSilent_ProposesExactlyThem()
    {
        var result = await _world.ScanHealthAsync();

        AssertNoneSent(result);
        Assert.Equal(Suspect, result.Suspect);
        Assert.Equal(Suspect, Assert.Single(result.Problems));
        Assert.Equal(_silent.Select(made => made.Id).Order(), result.Samples.Select(s => s.InstanceId!).Order());
        Assert.All(result.Samples, s => Assert.Equal(("blocked", Suspect), (s.Action, s.Why)));
        var plan = result.Plan!;
        Assert.Equal((4, true), (plan.Instances, plan.IsOfHealth));
        Assert.Equal([Guards.Health], plan.Guards);
        Assert.Equal([Suspect], plan.Exceeded);
        Assert.Equal(4, plan.Samples.Count);
        var kept = Plan.Read(_world.Plans.Objects[plan.Hash], plan.Hash)!;
        Assert.Equal(_silent.Select(made => made.Id).Order(), kept.Items.Select(item => item.InstanceId));
        Assert.False(result.ApprovalDone);
        Assert.Null(result.Pending);
        Assert.Empty(result.RejectionsOver);
    }

    [Fact]
    public async Task ScanHealth_DryRun_ProposesNothing()
    {
        _world.Input = _world.Input with { DryRun = true };

        var result = await _world.ScanHealthAsync();

        AssertNoneSent(result);
        Assert.Equal(Suspect, result.Suspect);
        Assert.Empty(_world.Plans.Objects);
        Assert.Empty(result.Samples);
    }

    [Fact]
    public async Task ScanHealth_PlanCannotBeWritten_SaysSoOnceAndSendsNone()
    {
        _world.Plans.Fault = new(CloudFault.Transient, "S3: 503");

        var result = await _world.ScanHealthAsync();

        AssertNoneSent(result);
        Assert.Null(result.Plan);
        Assert.Equal(
            [Suspect, "the plan of 4 held back instances could not be written: S3: 503"], result.Problems);
    }

    [Fact]
    public async Task ScanHealth_Approved_SendsExactlyThePlan()
    {
        await ApproveAsync();

        var result = await _world.ScanHealthAsync();

        Assert.Equal(_silent.Select(made => made.Id).Order(), _world.Events.Events.Select(e => e.InstanceId!).Order());
        Assert.Equal((4, true), (result.Enqueued, result.ApprovalDone));
        Assert.Null(result.Suspect);
        Assert.Null(result.Plan);
        Assert.Empty(result.Problems);
    }

    [Fact]
    public async Task ScanHealth_ApprovedAndOneMoreIsSilent_HoldsThatOneBack()
    {
        await ApproveAsync();
        var later = _world.AddReported(3);

        var result = await _world.ScanHealthAsync();

        Assert.DoesNotContain(_world.Events.Events, e => e.InstanceId == later.Id);
        Assert.Equal((4, true), (result.Enqueued, result.ApprovalDone));
        Assert.Equal(
            "5 of 9 registered instances look stale: the source of health is suspect: 1 checks were not enqueued",
            result.Suspect);
        Assert.Equal(1, result.Plan!.Instances);
        Assert.Contains(result.Samples, s => (s.InstanceId, s.Action) == (later.Id, "blocked"));
        Assert.Equal(4, result.Samples.Count(s => s.Action == "stale"));
    }

    [Fact]
    public async Task ScanHealth_ApprovedForAnotherMachine_HoldsIt()
    {
        await ApproveAsync();
        var other = _silent[0];
        _world.Sql("UPDATE instances SET provider_id = 'i-other' WHERE id = $id", ("$id", other.Id));

        var result = await _world.ScanHealthAsync();

        Assert.DoesNotContain(_world.Events.Events, e => e.InstanceId == other.Id);
        Assert.Equal((3, 1), (result.Enqueued, result.Plan!.Instances));
    }

    /// <summary>The approval must not be used up by a pause.</summary>
    [Fact]
    public async Task ScanHealth_ApprovedAndPaused_SendsNoneAndStaysApproved()
    {
        await ApproveAsync();
        var approved = _world.Input;
        _world.Input = approved with { PartialPauses = [HealthPhaseTests.Pause("acme/web", null)] };

        var paused = await _world.ScanHealthAsync();

        AssertNoneSent(paused);
        Assert.False(paused.ApprovalDone);
        Assert.All(paused.Samples, s => Assert.Equal("skipped", s.Action));

        _world.Input = approved;
        var result = await _world.ScanHealthAsync();
        Assert.Equal((4, true), (result.Enqueued, result.ApprovalDone));
    }

    [Fact]
    public async Task ScanHealth_ApprovedAndOneGroupIsPaused_SendsTheOthersAndStaysApproved()
    {
        _world.Sql("UPDATE instances SET group_key = 'db' WHERE id = $id", ("$id", _silent[0].Id));
        await ApproveAsync();
        _world.Input = _world.Input with { PartialPauses = [HealthPhaseTests.Pause("acme/db", null)] };

        var result = await _world.ScanHealthAsync();

        Assert.Equal((3, false), (result.Enqueued, result.ApprovalDone));
    }

    [Fact]
    public async Task ScanHealth_ApprovedPlanWasDeleted_SendsNoneAndForgetsTheApproval()
    {
        await ApproveAsync();
        _world.Plans.Objects.Clear();

        var result = await _world.ScanHealthAsync();

        AssertNoneSent(result);
        Assert.True(result.ApprovalDone);
        Assert.Contains("was deleted: nothing is done by it", result.Problems[0]);
        Assert.Equal(4, result.Plan!.Instances);
    }

    [Fact]
    public async Task ScanHealth_ApprovedPlanCannotBeRead_SendsNoneAndKeepsTheApproval()
    {
        await ApproveAsync();
        _world.Plans.Fault = new(CloudFault.Transient, "S3: 503");

        var result = await _world.ScanHealthAsync();

        AssertNoneSent(result);
        Assert.False(result.ApprovalDone);
        Assert.Contains("could not be read, nothing is done by it: S3: 503", result.Problems[0]);
    }

    [Fact]
    public async Task ScanHealth_ApprovalOfTerminations_CoversNoCheck()
    {
        await ApproveAsync();
        _world.Input = _world.Input with { Approval = _world.Input.Approval! with { IsOfHealth = false } };

        var result = await _world.ScanHealthAsync();

        AssertNoneSent(result);
        Assert.False(result.ApprovalDone);
        Assert.Equal(4, result.Plan!.Instances);
    }

    [Fact]
    public async Task ScanHealth_Pending_ProposesNoOtherAndCountsWhatIsLater()
    {
        var plan = await PendAsync();
        _world.AddReported(3);

        var result = await _world.ScanHealthAsync();

        AssertNoneSent(result);
        Assert.Null(result.Plan);
        Assert.Equal(new PendingPlan(plan.Hash, Waiting: 1), result.Pending);
        Assert.Empty(result.Samples);
    }

    /// <summary>The plan of those who report again must not keep a new one from being made.</summary>
    [Fact]
    public async Task ScanHealth_PendingAndMostReportAgain_ProposesANewOne()
    {
        var plan = await PendAsync();
        foreach (var made in _silent.Take(3)) Report(made);
        for (var i = 0; i < 8; i++) _world.AddReported(3);

        var result = await _world.ScanHealthAsync();

        Assert.Equal("only 1 of its 4 instances are still candidates", result.Pending!.Over);
        Assert.Equal(9, result.Plan!.Instances);
        Assert.NotEqual(plan.Hash, result.Plan.Hash);
    }

    [Fact]
    public async Task ScanHealth_Rejected_SendsNoneAndProposesNoneAgain()
    {
        await RejectAsync();

        var result = await _world.ScanHealthAsync();

        AssertNoneSent(result);
        Assert.Equal(Suspect, result.Suspect);
        Assert.Null(result.Plan);
        Assert.Empty(result.RejectionsOver);
    }

    [Fact]
    public async Task ScanHealth_RejectedAndOthersAreSilent_ProposesTheOthersAndForgetsTheRejection()
    {
        var rejected = await RejectAsync();
        foreach (var made in _silent) Report(made);
        for (var i = 0; i < 8; i++) _world.AddReported(3);

        var result = await _world.ScanHealthAsync();

        Assert.Equal(8, result.Plan!.Instances);
        Assert.Equal([rejected], result.RejectionsOver);
    }

    /// <summary>Agents report again: what was held back is sent as usual, without a plan.</summary>
    [Fact]
    public async Task ScanHealth_FewAreSilentByNow_SendsThemAndEndsAllThatWaits()
    {
        var plan = await PendAsync();
        var rejection = new Rejection(plan.Hash, "ann", "wait", CollectWorld.AsOf, IsOfHealth: true);
        _world.Input = _world.Input with
        {
            Approval = new(plan.Hash, "ann", "seen", CollectWorld.AsOf, IsOfHealth: true),
            Plans = _world.Input.Plans! with { Rejected = [rejection, new("other", "ann", "no", CollectWorld.AsOf)] },
        };
        foreach (var made in _silent.Skip(1)) Report(made);

        var result = await _world.ScanHealthAsync();

        Assert.Equal(_silent[0].Id, Assert.Single(_world.Events.Events).InstanceId);
        Assert.Null(result.Suspect);
        Assert.True(result.ApprovalDone);
        Assert.Equal([plan.Hash], result.RejectionsOver);
        Assert.Equal(
            new PendingPlan(plan.Hash, Over: "few agents look silent by now, and its checks are sent as usual"),
            result.Pending);
    }

    [Fact]
    public async Task ScanHealth_FewAreSilentAndTerminationsWait_LeavesThem()
    {
        foreach (var made in _silent.Skip(1)) Report(made);
        _world.Input = _world.Input with
        {
            Approval = new("other", "ann", "seen", CollectWorld.AsOf),
            Plans = new() { Pending = new("other", IsOfHealth: false) },
        };

        var result = await _world.ScanHealthAsync();

        Assert.False(result.ApprovalDone);
        Assert.Equal(new PendingPlan("other"), result.Pending);
    }

    private void Report(CollectWorld.Made made) => _world.Report(made, CollectWorld.AsOf);

    private async Task<CollectPlan> PlanAsync() => (await _world.ScanHealthAsync()).Plan!;

    private async Task ApproveAsync() => _world.Input = _world.Input with
    {
        Approval = new((await PlanAsync()).Hash, "ann", "seen", CollectWorld.AsOf, IsOfHealth: true),
    };

    private async Task<CollectPlan> PendAsync()
    {
        var plan = await PlanAsync();
        _world.Input = _world.Input with { Plans = new() { Pending = new(plan.Hash, IsOfHealth: true) } };
        return plan;
    }

    private async Task<string> RejectAsync()
    {
        var rejection = new Rejection((await PlanAsync()).Hash, "ann", "wait", CollectWorld.AsOf, IsOfHealth: true);
        _world.Input = _world.Input with { Plans = new() { Rejected = [rejection] } };
        return rejection.Hash;
    }

    private void AssertNoneSent(HealthScanResult result)
    {
        Assert.Empty(_world.Events.Batches);
        Assert.Equal(0, result.Enqueued);
    }
}
