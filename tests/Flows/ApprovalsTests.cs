using Nstance.Temporal.Workflows.Collector;

namespace Nstance.Temporal.Tests.Flows;

/// <summary>The pending plan after a cycle.</summary>
public sealed class ApprovalsTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch;
    private static readonly CollectPlan Checks = new(new string('c', 64), Now, 21);
    private static readonly CollectPlan Machines = new(new string('a', 64), Now, 30);
    private static readonly HealthScanResult Silent = new() { Suspect = "21 of 21 look stale", Plan = Checks };

    /// <summary>Found by chaos (seed 5): without a plan, an operator cannot lift the guard.</summary>
    [Fact]
    public void After_CollectFailedAndHealthHeldChecksBack_TheirPlanIsPending() =>
        Assert.Equal(Checks, After(new(), collect: null, Silent).Pending);

    [Fact]
    public void After_CloudSaidNothingAndHealthHeldChecksBack_TheirPlanIsPending() => Assert.Equal(
        Checks, After(new(), new() { Blocked = [new(Guards.Cloud, "nothing was said")] }, Silent).Pending);

    [Fact]
    public void After_CollectFailed_ThePendingPlanStays() => Assert.Equal(
        Machines, After(new() { Pending = Machines }, collect: null, Silent).Pending);

    [Fact]
    public void After_CollectSaysThatItIsOver_NoPlanIsPending()
    {
        var over = new PendingPlan(Machines.Hash) { Over = "only 0 of its 30 instances are still candidates" };
        Assert.Null(After(new() { Pending = Machines }, new() { Pending = over }, new()).Pending);
    }

    private static GcState After(GcState state, CollectResult? collect, HealthScanResult health) =>
        Approvals.After(state, new(1, Now) { Collect = collect, Health = health }, Now);
}
