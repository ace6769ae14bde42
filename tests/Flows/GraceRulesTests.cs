using Nstance.Temporal.Workflows.Collector;

namespace Nstance.Temporal.Tests.Flows;

/// <summary>When a grace period begins, and when it does not. The interval is two minutes.</summary>
public sealed class GraceRulesTests
{
    private static readonly DateTimeOffset Start = ScriptedSteps.Start;
    private static readonly ShardTimings Timings = new();
    private static readonly ShardRef Shard = new("acme", "us-west-2a", "bucket");

    [Theory]
    // Seconds from the end of the last good sync to the start of this cycle, how long that cycle took, begins or not.
    [InlineData(0, 5, false)]
    [InlineData(115, 5, false)]
    [InlineData(240, 5, false)]
    [InlineData(241, 5, true)]
    [InlineData(600, 5, true)]
    // A cycle of five minutes is followed by the next at once.
    [InlineData(300, 300, false)]
    [InlineData(600, 300, false)]
    [InlineData(601, 300, true)]
    // A cycle that took no time does not shorten the interval.
    [InlineData(240, 0, false)]
    public void Synced_AfterAWhile_BeginsGraceOnlyAfterALongGap(int seconds, int tookSeconds, bool begins)
    {
        var state = new GcState
        {
            SyncedAt = Start.AddSeconds(-seconds),
            CycleTook = TimeSpan.FromSeconds(tookSeconds),
        };
        var next = GraceRules.Synced(state, null, Timings, Start, Start.AddSeconds(20));

        Assert.Equal(begins ? Start : null, next.Grace?.Since);
        Assert.Equal(begins, next.Grace?.Why.StartsWith("no good sync from ", StringComparison.Ordinal) is true);
        Assert.Equal(Start.AddSeconds(20), next.SyncedAt);
    }

    [Fact]
    public void Synced_FirstSyncOfTheCollector_IsNoGap() =>
        Assert.Null(GraceRules.Synced(new(), null, Timings, Start, Start).Grace);

    /// <summary>Temporal's clock was five hours ahead when the grace period began.</summary>
    [Fact]
    public void Synced_GraceLiesAhead_BeginsNow()
    {
        var state = new GcState { SyncedAt = Start.AddHours(5), Grace = new(Start.AddHours(5), "host one took over") };

        var next = GraceRules.Synced(state, null, Timings, Start, Start.AddSeconds(20));

        Assert.Equal(new(Start, "host one took over"), next.Grace);
        Assert.Equal(Start.AddSeconds(20), next.SyncedAt);
    }

    /// <summary>Five minutes a cycle and two minutes an interval: cycles follow each other without a pause.</summary>
    [Fact]
    public async Task Run_CyclesLongerThanTwoIntervals_GraceEnds()
    {
        var collector = new CollectorState(new(Shard));
        var at = Start;
        var graces = new List<string?>();
        for (var cycle = 0; cycle < 6; cycle++)
        {
            var report = await RunAsync(collector, "sync=long", at);
            Assert.Equal(TimeSpan.FromMinutes(5), report.EndedAt - report.StartedAt);
            graces.Add(report.Grace?.Why);
            at = report.EndedAt;
        }

        Assert.Equal(["host one took over", null, null, null, null, null], graces);
    }

    [Theory]
    [InlineData("one,two,one,two,one", "0 1 2 3 4")]
    [InlineData("one,two,two,two,one", "0 1 - - 0")]
    // The grace period of the second host is still in effect in the third cycle, and in the fourth it begins anew.
    [InlineData("one,two,two,one", "0 1 1 2", 60)]
    public async Task Run_HostsChange_CountsGracePeriods(
        string hosts, string renewals, int intervalSeconds = 600)
    {
        var collector = new CollectorState(new(Shard));
        var seen = new List<string>();
        CycleReport? report = null;
        var at = Start;
        foreach (var host in hosts.Split(','))
        {
            collector.LoseHost();
            report = await RunAsync(collector, $"acquire={host}", at);
            seen.Add(report.Grace is { } grace ? $"{grace.Renewals}" : "-");
            at = at.AddSeconds(intervalSeconds);
            collector.State = collector.State with { SyncedAt = at }; // Only the hosts matter here.
        }

        Assert.Equal(renewals, string.Join(' ', seen));
        var isProblem = report!.Grace is { Renewals: >= 3 };
        Assert.Equal(isProblem, report.Problems.Any(problem => problem.StartsWith(
            $"the grace period began anew in {report.Grace?.Renewals} cycles in a row", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("sync=failed", "one")]
    [InlineData("sync=failed health=lost acquire=one,two", "two")]
    public async Task Run_FirstSyncOfAHostFails_GraceBeginsWithItsFirstGoodSync(string script, string host)
    {
        var state = new GcState { LastHost = "zero", SyncedAt = Start.AddSeconds(-60) };
        var collector = new CollectorState(new(Shard) { State = state });
        var first = await RunAsync(collector, script, Start);
        var second = await RunAsync(collector, "", Start);
        var third = await RunAsync(collector, "", Start);

        Assert.Null(first.Grace);
        Assert.Equal($"host {host} took over", second.Grace?.Why);
        Assert.Equal(0, third.Grace?.Renewals);
        Assert.Null(collector.State.NewHost);
    }

    private static async Task<CycleReport> RunAsync(CollectorState collector, string script, DateTimeOffset at)
    {
        collector.BeginCycle(at);
        var steps = new ScriptedSteps(collector, script, at);
        var report = await new Cycle(collector, steps, dryRun: false, at).RunAsync();
        collector.EndCycle(report, steps.Now);
        return report;
    }
}
