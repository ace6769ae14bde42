using Nstance.Temporal.Simulation.Soak;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Simulation;

/// <summary>The long run, in short: 30 days are in docs/testing.md.</summary>
public sealed class SoakTests
{
    [Fact(Timeout = 120_000)]
    public async Task Run_OneDayWithChurn_TerminatesOnlyGarbage()
    {
        Assert.SkipUnless(TestEnvironments.Address is null, "needs a server that skips time");
        var outcome = await SoakRun.RunAsync(
            1, TimeSpan.FromMinutes(10), _ => { }, TestContext.Current.CancellationToken);
        Assert.Empty(outcome.Faults);
        Assert.InRange(outcome.Cycles, 140, 170);
        Assert.InRange(outcome.Renewals, 1, 2);
        Assert.InRange(outcome.CameAndWent, 100, 400);
        Assert.InRange(outcome.Checked, 10, 1000);
        Assert.InRange(Assert.Single(outcome.Each).Rows, 30, 200);
    }
}
