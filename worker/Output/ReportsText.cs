namespace Nstance.Temporal.Worker.Output;

/// <summary>The last reports of a shard, one row each, and their problems.</summary>
internal static class ReportsText
{
    public static void Write(Screen screen, IReadOnlyList<CycleReport> reports, DateTimeOffset now, bool wide)
    {
        if (reports.Count == 0)
        {
            screen.Line("no cycle has ended yet");
            return;
        }

        string[] header = ["CYCLE", "AGE", "TOOK", "OUTCOME", "FOUND", "TERMINATED", "SKIPPED", "FAILED", "HELD"];
        Columns.Write(
            screen,
            wide ? [.. header, "FLEET", "PURGED", "BEGAN", "HOST"] : header,
            [.. reports.Select(report => wide ? [.. Row(report, now), .. Wide(report)] : Row(report, now))]);
        foreach (var (problem, cycles) in Problems(reports))
            screen.Warn($"cycle {string.Join(", ", cycles)}: {problem}");
    }

    private static Cell[] Row(CycleReport report, DateTimeOffset now)
    {
        var counts = report.Collect?.Counts;
        Cell Sum(Func<CollectCounts, int> of, Tone tone = Tone.Plain)
        {
            if (counts is null) return "-";
            var sum = counts.Sum(of);
            return new($"{sum}", sum > 0 ? tone : Tone.Plain);
        }

        var outcome = Word.Outcome(report.Outcome);
        return
        [
            $"{report.Cycle}",
            Word.Ago(now - report.StartedAt),
            Word.Took(report.EndedAt - report.StartedAt),
            outcome with { Text = report.DryRun ? $"{outcome.Text} (dry)" : outcome.Text },
            Sum(c => c.Candidates),
            Sum(c => c.Terminated),
            Sum(c => c.Skipped),
            Sum(c => c.Failed, Tone.Bad),
            Sum(c => c.OverLimit + c.Blocked, Tone.Warning),
        ];
    }

    private static Cell[] Wide(CycleReport report) =>
    [
        report.Sync is { } sync ? $"{sync.Listed}" : "-",
        report.Purge is { } purge ? $"{purge.Purged}" : "-",
        Word.Time(report.StartedAt),
        report.Host ?? "none",
    ];

    /// <summary>Each problem once, with the cycles that have it, newest first.</summary>
    private static IEnumerable<(string Problem, IReadOnlyList<int> Cycles)> Problems(
        IReadOnlyList<CycleReport> reports) => reports
        .SelectMany(report => report.Problems
            .Concat(report.Collect?.Blocked.Select(guard => $"blocked by guard {guard.Guard}: {guard.Why}") ?? [])
            .Select(problem => (problem, report.Cycle)))
        .GroupBy(p => p.problem, p => p.Cycle)
        .Select(group => (group.Key, (IReadOnlyList<int>)[.. group.Distinct()]));
}
