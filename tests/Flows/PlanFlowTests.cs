using Nstance.Temporal.Workflows.Collector;

namespace Nstance.Temporal.Tests.Flows;

/// <summary>Plans between cycles, without a server.</summary>
public sealed class PlanFlowTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 25, 12, 0, 0, TimeSpan.Zero);
    private static readonly CollectPlan First = new(new string('a', 64), Noon, 30);
    private static readonly CollectPlan Second = new(new string('b', 64), Noon, 33);
    private static readonly CollectPlan OfHealth = new(new string('c', 64), Noon, 4) { Guards = [Guards.Health] };
    private static readonly PlanDecision Decision = new(First.Id, "ann", "why");

    [Fact]
    public void After_NewPlan_IsPending()
    {
        var state = After(new(), new CollectResult { Plan = First });
        Assert.Equal(First, state.Pending);
        Assert.Equal(new PlanRef(First.Hash, false), Approvals.Input(state, null, dryRun: false, Noon)!.Pending);
    }

    [Fact]
    public void After_LaterCandidates_CountsThemBesideThePendingPlan()
    {
        var state = After(Pending, new CollectResult { Pending = new(First.Hash) { Waiting = 3 } });
        Assert.Equal(First with { Waiting = 3 }, state.Pending);
    }

    [Fact]
    public void After_WaitingOfBothKinds_IsTheirSum()
    {
        var report = Report(new CollectResult { Pending = new(First.Hash) { Waiting = 3 } }) with
        {
            Health = new() { Pending = new(First.Hash) { Waiting = 4 } },
        };
        Assert.Equal(7, Approvals.After(Pending, report, Noon).Pending!.Waiting);
        Assert.Equal(7, Approvals.After(Approvals.After(Pending, report, Noon), report, Noon).Pending!.Waiting);
    }

    [Fact]
    public void After_AnotherPlanWhileOneIsPending_KeepsTheFirstAndDeletesTheOther()
    {
        var state = After(Pending, new CollectResult { Plan = Second, Pending = new(First.Hash) });
        Assert.Equal(First, state.Pending);
        Assert.Equal([Second.Hash], state.EndedPlans);
    }

    [Fact]
    public void After_PendingPlanIsOver_TheNextOneTakesItsPlace()
    {
        var over = new PendingPlan(First.Hash) { Over = "only 2 of its 30 instances are still candidates" };
        var state = After(Pending, new CollectResult { Plan = Second, Pending = over });
        Assert.Equal(Second, state.Pending);
        Assert.Equal([First.Hash], state.EndedPlans);
    }

    [Fact]
    public void Input_CollectEndedThePendingPlan_LetsTheHealthScanProposeInTheSameCycle()
    {
        var over = new PendingPlan(First.Hash) { Over = "only 2 of its 30 instances are still candidates" };
        Assert.Null(Approvals.Input(Pending, new() { Pending = over }, dryRun: false, Noon));
        var report = Report(new CollectResult { Pending = over }) with { Health = new() { Plan = OfHealth } };
        var state = Approvals.After(Pending, report, Noon);
        Assert.Equal(OfHealth, state.Pending);
        Assert.Equal([First.Hash], state.EndedPlans);
    }

    [Fact]
    public void Input_CollectKeptThePendingPlan_TheHealthScanWaits()
    {
        var kept = new PendingPlan(First.Hash) { Waiting = 2 };
        var input = Approvals.Input(Pending, new() { Pending = kept }, dryRun: false, Noon);
        Assert.Equal(First.Hash, input!.Pending!.Hash);
    }

    /// <summary>Found by chaos (seed 2149): one cycle stays without a plan.</summary>
    [Fact]
    public void After_HealthScanEndsItsPlanWhileCollectWaits_TheNextCycleProposes()
    {
        var report = Report(new CollectResult { Pending = new(OfHealth.Hash) { Waiting = 3 } }) with
        {
            Health = new() { Pending = new(OfHealth.Hash) { Over = "the agents report again" } },
        };
        var state = Approvals.After(new() { Pending = OfHealth }, report, Noon);
        Assert.Null(state.Pending);
        Assert.Null(Approvals.Input(state, null, dryRun: false, Noon)!.Pending);
        Assert.Equal(First, After(state, new CollectResult { Plan = First }).Pending);
    }

    [Fact]
    public void After_DecisionDuringTheCycle_TheCyclesPlanIsDropped()
    {
        var over = new PendingPlan(First.Hash) { Over = "only 2 of its 30 instances are still candidates" };
        var state = After(
            Approvals.Reject(Pending, Decision, Noon), new CollectResult { Plan = Second, Pending = over });
        Assert.Null(state.Pending);
        Assert.Equal([Second.Hash], state.EndedPlans);
    }

    [Fact]
    public void After_FailedCollect_KeepsThePlan() => Assert.Equal(First, After(Pending, null).Pending);

    [Fact]
    public void After_ADayWithoutADecision_ExpiresAndTheObjectIsDeleted()
    {
        var later = Noon + CollectPlan.Validity;
        Assert.Contains("expired at 2026-11-26 12:00:00Z", Approvals.Refusal(Pending, Decision, later));
        Assert.Null(Approvals.Refusal(Pending, Decision, later.AddSeconds(-1)));
        Assert.Null(Approvals.Input(Pending, null, dryRun: false, later));
        var state = Approvals.After(Pending, Report(new()), later);
        Assert.Null(state.Pending);
        Assert.Equal([First.Hash], Approvals.Input(state, null, dryRun: false, later)!.Ended);
        Assert.Empty(After(state, new CollectResult { PlansDeleted = [First.Hash] }).EndedPlans);
    }

    [Fact]
    public void After_CarriedOut_TheApprovalAndTheObjectAreOver()
    {
        var state = Approvals.Approve(Pending, Decision, Noon);
        var report = Report(new CollectResult { ApprovalDone = true });
        Assert.NotNull(Approvals.After(state, report, Noon).Approval);
        state = Approvals.After(state, report with { Approval = state.Approval }, Noon);
        Assert.Null(state.Approval);
        Assert.Equal([First.Hash], state.EndedPlans);
    }

    [Fact]
    public void After_ApprovedChecks_AreOverWhenTheHealthScanSaysSo()
    {
        var state = Approvals.Approve(
            new() { Pending = OfHealth }, Decision with { Plan = OfHealth.Id }, Noon);
        Assert.True(state.Approval!.IsOfHealth);
        var report = Report(new CollectResult { ApprovalDone = true }) with { Approval = state.Approval };
        Assert.NotNull(Approvals.After(state, report, Noon).Approval);
        Assert.Null(Approvals.After(state, report with { Health = new() { ApprovalDone = true } }, Noon).Approval);
    }

    [Fact]
    public void Reject_ThenApprove_IsApproved()
    {
        var state = Approvals.Reject(Pending, Decision, Noon);
        Assert.Equal((null, First.Hash), (state.Pending?.Hash, Assert.Single(state.Rejections).Hash));
        Assert.Equal(state.Rejections, Approvals.Input(state, null, dryRun: true, Noon)!.Rejected);
        Assert.Null(Approvals.Refusal(state, Decision, Noon));
        state = Approvals.Approve(state, Decision, Noon);
        Assert.Equal((First.Hash, 0), (state.Approval!.Hash, state.Rejections.Count));
    }

    [Fact]
    public void Reject_OfTheApprovedPlan_TakesTheApprovalBack()
    {
        var state = Approvals.Approve(Pending, Decision, Noon);
        Assert.Null(Approvals.RejectRefusal(state, Decision));
        state = Approvals.Reject(state, Decision, Noon);
        Assert.Null(state.Approval);
        Assert.Equal(First.Hash, Assert.Single(state.Rejections).Hash);
        Assert.Empty(state.EndedPlans);
    }

    [Fact]
    public void Reject_MoreThanAreKept_DeletesTheOldest()
    {
        var state = new GcState();
        for (var n = 0; n <= Approvals.MaxKept; n++)
        {
            var plan = First with { Hash = n.ToString("x64", null) };
            state = Approvals.Reject(state with { Pending = plan }, Decision with { Plan = plan.Hash }, Noon);
        }

        Assert.Equal(Approvals.MaxKept, state.Rejections.Count);
        Assert.Equal([0.ToString("x64", null)], state.EndedPlans);
    }

    /// <summary>An operator went to dry-run while the cycle made its plan.</summary>
    [Fact]
    public void EndCycle_DryRunByThen_KeepsNoPlan()
    {
        var collector = new CollectorState(new(new("c", "s", "b")) { State = new() { Mode = new(true, "ann", Noon) } });

        collector.EndCycle(Report(new CollectResult { Plan = First }), Noon);

        Assert.Null(collector.State.Pending);
        Assert.Equal([First.Hash], collector.State.EndedPlans);
    }

    [Fact]
    public void Withdraw_ToDryRun_EndsBoth()
    {
        var state = Approvals.Withdraw(Approvals.Approve(Pending, Decision, Noon) with { Pending = Second });
        Assert.Equal((null, null), (state.Approval, state.Pending));
        Assert.Equal([Second.Hash, First.Hash], state.EndedPlans);
    }

    private static GcState Pending => new() { Pending = First };

    private static GcState After(GcState state, CollectResult? collect) =>
        Approvals.After(state, Report(collect), Noon);

    private static CycleReport Report(CollectResult? collect) => new(1, Noon) { Collect = collect };
}
