using System.Text;
using System.Text.Json;
using Nstance.Temporal.Workflows.Collector;

namespace Nstance.Temporal.Tests.Flows;

public sealed class ReportsTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 24, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Judge_AllPhasesDone_IsCompleted() => Assert.Equal(CycleOutcome.Completed, Reports.Judge(Full(1)));

    [Fact]
    public void Judge_OnePhaseMissing_IsPartial() =>
        Assert.Equal(CycleOutcome.Partial, Reports.Judge(Full(1) with { Collect = null }));

    [Fact]
    public void Judge_NoPhase_IsFailed() => Assert.Equal(CycleOutcome.Failed, Reports.Judge(new(1, Start)));

    [Fact]
    public void Judge_OverLimit_IsCompleted()
    {
        var collect = new CollectResult { Counts = [Of(CollectReason.Dangling) with { OverLimit = 3 }] };
        Assert.Equal(CycleOutcome.Completed, Reports.Judge(Full(1) with { Collect = collect }));
    }

    [Fact]
    public void Judge_OutageInAPhase_IsPartial()
    {
        var purge = new PurgeResult { Failed = 8, Outage = "the bucket is away" };
        Assert.Equal(CycleOutcome.Partial, Reports.Judge(Full(1) with { Purge = purge }));
    }

    [Fact]
    public void Judge_OutageAndAGuard_IsPartial()
    {
        var health = new HealthScanResult { Suspect = "4 of 8 look stale" };
        var collect = new CollectResult { Outage = "the cloud is away" };
        Assert.Equal(CycleOutcome.Partial, Reports.Judge(Full(1) with { Collect = collect, Health = health }));
    }

    [Fact]
    public void Judge_InvalidData_IsCompleted()
    {
        var sync = new SyncResult { Invalid = 3, Problems = ["record x is not valid JSON; skipped"] };
        Assert.Equal(CycleOutcome.Completed, Reports.Judge(Full(1) with { Sync = sync }));
    }

    [Fact]
    public void Gather_ProblemsOfPhases_AreInTheReportOnce()
    {
        var report = Reports.Gather(Full(1) with
        {
            Problems = ["host one: the disk is slow"],
            Sync = new() { Problems = ["a"] },
            Collect = new() { Problems = ["b", "c"] },
            Purge = new() { Problems = ["d"] },
        });

        Assert.Equal(
            ["host one: the disk is slow", "sync: a", "collect: b", "collect: c", "purge: d"], report.Problems);
        Assert.All(
            new PhaseResult[] { report.Sync!, report.Collect!, report.Health!, report.Purge! },
            phase => Assert.Empty(phase.Problems));
    }

    [Fact]
    public void Gather_TooMany_SaysHowManyMore()
    {
        var purge = new PurgeResult { Problems = [.. Enumerable.Range(1, 20).Select(n => $"record {n}")] };
        var report = Reports.Gather(Full(1) with { Problems = ["first"], Purge = purge });

        Assert.Equal((20, "first", "… and 2 more problems"), (
            report.Problems.Count, report.Problems[0], report.Problems[^1]));
    }

    [Fact]
    public void Judge_SuspectHealth_IsBlocked() =>
        Assert.Equal(
            CycleOutcome.Blocked, Reports.Judge(Full(1) with { Health = new() { Suspect = "4 of 8 look stale" } }));

    [Fact]
    public void Keep_ManyFullReports_StaysUnderAHundredKilobytes()
    {
        IReadOnlyList<CycleReport> kept = [];
        for (var cycle = 1; cycle <= 50; cycle++) kept = Reports.Keep(kept, Loud(cycle));

        Assert.Equal(Reports.Kept, kept.Count);
        Assert.Equal(Enumerable.Range(31, 20).Reverse(), kept.Select(report => report.Cycle));
        Assert.Equal(20, kept[0].Collect!.Samples.Count);
        Assert.All(kept.Skip(1), report => Assert.Empty(report.Collect!.Samples));
        // 2 MB end a workflow; the state is handed to every run.
        Assert.InRange(JsonSerializer.SerializeToUtf8Bytes(kept).Length, 1, 100_000);
    }

    [Fact]
    public void Add_DryRun_CountsTheCycleOnly()
    {
        var report = Full(1) with { DryRun = true, Collect = new() { Counts = [Of(CollectReason.Dangling, 3)] } };
        var totals = Reports.Add(new(), report);
        Assert.Equal(new GcTotals { Cycles = 1 }, totals);
    }

    [Fact]
    public void Add_EveryReason_IsCountedInItsPlace()
    {
        var report = Full(1) with
        {
            Collect = new()
            {
                Counts =
                [
                    Of(CollectReason.Unhealthy, 1) with { AlreadyGone = 10 },
                    Of(CollectReason.Dangling, 2),
                    Of(CollectReason.Orphan, 3),
                    Of(CollectReason.StalePreInsert) with { AlreadyGone = 4 },
                ],
            },
            Health = new() { Enqueued = 5 },
            Purge = new() { Purged = 6 },
        };
        var totals = Reports.Add(Reports.Add(new(), report), report);

        Assert.Equal(
            [new(CollectReason.Unhealthy, 2), new(CollectReason.Dangling, 4), new(CollectReason.Orphan, 6)],
            totals.Terminated);
        Assert.Equal(
            new GcTotals { Cycles = 2, AlreadyGone = 28, Purged = 12, ChecksEnqueued = 10 },
            totals with { Terminated = new GcTotals().Terminated });
    }

    [Fact]
    public void Render_LongestReportsAndHostileText_StaysUnderTemporalsLimit()
    {
        IReadOnlyList<CycleReport> kept = [];
        for (var cycle = 1; cycle <= 20; cycle++) kept = Reports.Keep(kept, Loud(cycle));
        var state = new GcState { Cycle = 20, Reports = kept, Pause = new(new string('x', 300), Start) { By = "me" } };
        var text = DetailsTable.Render(new CollectorState(new(new("acme", "zone", "bucket")) { State = state }));
        Assert.InRange(Encoding.UTF8.GetByteCount(text), 100, 20_000);
        Assert.Matches("(?m)^ +20 ", text);
        Assert.All(
            text.Split("```").Where((_, i) => i % 2 == 1).SelectMany(block => block.Split('\n')),
            line => Assert.InRange(line.Length, 0, DetailsBlock.Width));
        // The Web UI takes a block right after a paragraph for a part of it.
        Assert.DoesNotMatch("[^\n]\n```text", text);
        Assert.DoesNotMatch("(?m)^[^-\n ].*\n- ", text);
        Assert.Contains("Paused by me", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 0, null)]
    [InlineData(3, 0, "cloud     3 machines already terminating\n")]
    [InlineData(3, 1, "cloud     3 machines already terminating, 1 of them for more\n          than an hour\n")]
    public void Render_MachinesThatShutDown_AreShown(int terminating, int stuck, string? expected)
    {
        var report = Full(1) with
        {
            Collect = new() { AlreadyTerminating = terminating, StuckTerminating = stuck },
        };
        var state = new GcState { Cycle = 1, Reports = [report] };

        var text = DetailsTable.Render(new CollectorState(new(new("acme", "zone", "bucket")) { State = state }));

        if (expected is null) Assert.DoesNotContain("already terminating", text, StringComparison.Ordinal);
        else Assert.Contains($"```text\n{expected}```", text, StringComparison.Ordinal);
    }

    private static CollectCounts Of(CollectReason reason, int terminated = 0) =>
        new() { Reason = reason, Terminated = terminated };

    private static CycleReport Full(int cycle) =>
        new(cycle, Start) { Sync = new(), Collect = new(), Health = new(), Purge = new() };

    private static CycleReport Loud(int cycle)
    {
        IReadOnlyList<InstanceNote> samples = [.. Enumerable.Range(0, 20)
            .Select(n => new InstanceNote($"knc{n}", $"i-{n}", "acme", "web", "terminated", new string('w', 200)))];
        IReadOnlyList<string> problems = [.. Enumerable.Repeat("line one\nline two " + new string('p', 900), 20)];
        return new(cycle, Start)
        {
            Sync = new() { Samples = samples, Problems = problems },
            Collect = new() { Samples = samples, Problems = problems },
            Health = new() { Samples = samples },
            Purge = new() { Samples = samples },
            Problems = problems,
        };
    }
}
