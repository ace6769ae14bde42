using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Worker.Output;

/// <summary>A cycle's report for people.</summary>
internal static class ReportText
{
    private static readonly Cell NotDone = new("not done", Tone.Bad);

    public static void Write(Screen screen, CycleReport report, bool wide)
    {
        screen.Line(
            $"cycle {report.Cycle} ", Word.Outcome(report.Outcome),
            $" in {Word.Took(report.EndedAt - report.StartedAt)}, {Word.Time(report.StartedAt)}, on ",
            report.Host ?? "no host");
        if (report.DryRun) screen.Line(new Cell("dry-run: nothing was touched", Tone.Warning));
        Columns.Write(screen, Phases(report));
        Reasons(screen, report);
        if (report.Grace is { } grace) screen.Warn($"grace until {Word.Time(grace.Until)}: {grace.Why}");
        foreach (var guard in report.Collect?.Blocked ?? [])
            screen.Warn($"blocked by guard {guard.Guard}: {guard.Why}");
        if (report.Collect?.Plan is { } plan)
            screen.Warn($"plan {plan.Id} of {plan.Instances} instances: nstance-gc plan show");
        foreach (var problem in report.Problems) screen.Warn(problem);
        Instances(
            screen,
            [.. report.Sync?.Samples ?? [], .. report.Collect?.Samples ?? [], .. report.Purge?.Samples ?? []],
            wide);
    }

    /// <summary>Writes instances with what was done, or would be, and why.</summary>
    public static void Instances(Screen screen, IReadOnlyList<InstanceNote> notes, bool wide)
    {
        if (notes.Count == 0) return;
        screen.Line();
        if (wide)
        {
            Columns.Write(
                screen, notes, wide,
                new("ACTION", n => n.Action), new("INSTANCE", n => n.InstanceId),
                new("CLOUD ID", n => n.ProviderId ?? ""), new("GROUP", n => Group(n)), new("WHY", n => n.Why));
            return;
        }

        // The reason has a line of its own: with the ids it does not fit into 80 columns.
        var width = notes.Max(note => note.Action.Length) + 2;
        foreach (var note in notes)
        {
            string[] words = [note.Action.PadRight(width - 2), note.InstanceId, note.ProviderId ?? "", Group(note)];
            screen.Line(string.Join("  ", words.Where(word => word.Length > 0)));
            screen.Sentence(note.Why, width);
        }
    }

    private static string Group(InstanceNote note) => $"{note.Tenant}/{note.Group}".Trim('/');

    private static Cell[][] Phases(CycleReport report) =>
    [
        ["sync", report.Sync is { } sync
            ? $"{sync.Listed} listed" + Word.Counts(
                "", (sync.Added, "added"), (sync.Updated, "updated"), (sync.MarkedDeleted, "marked deleted"),
                (sync.Skipped, "skipped"), (sync.Invalid, "invalid")).Prefixed()
            : NotDone],
        ["collect", report.Collect is { } collect
            ? Word.Counts(
                "nothing found", (collect.Counts.Sum(c => c.Candidates), "candidates"),
                (collect.AlreadyTerminating, "already terminating"),
                (collect.StuckTerminating, "for more than an hour"))
            : NotDone],
        ["health", report.Health is { } health
            ? $"{health.Registered} registered"
                + Word.Counts("", (health.Stale, "stale"), (health.Enqueued, "checks sent")).Prefixed()
                + (health.Suspect is null ? "" : ", source suspect")
            : NotDone],
        ["purge", report.Purge is { } purge
            ? Word.Counts(
                "nothing expired", (purge.Expired, "expired"), (purge.Purged, "purged"), (purge.Failed, "failed"))
            : NotDone],
    ];

    private static string Prefixed(this string counts) => counts.Length == 0 ? "" : $", {counts}";

    /// <summary>A row for each reason that has candidates.</summary>
    private static void Reasons(Screen screen, CycleReport report)
    {
        var counts = report.Collect?.Counts.Where(c => c.Candidates > 0).ToArray() ?? [];
        if (counts.Length == 0) return;
        screen.Line();
        Columns.Write(
            screen, counts, wide: counts.Any(c => c.Quarantined > 0),
            new("REASON", c => Setting.Kebab($"{c.Reason}")),
            new("FOUND", c => $"{c.Candidates}"),
            new(report.DryRun ? "WOULD TERMINATE" : "TERMINATED", c => $"{c.Terminated}"),
            new("GONE", c => $"{c.AlreadyGone}"),
            new("SKIPPED", c => $"{c.Skipped}"),
            new("FAILED", c => Word.Count(c.Failed, Tone.Bad)),
            new("HELD", c => Word.Count(c.OverLimit + c.Blocked, Tone.Warning)),
            new("STOPPED", c => $"{c.Quarantined}", IsWide: true));
    }
}

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

        Columns.Write(
            screen, reports, wide,
            new("CYCLE", r => $"{r.Cycle}"),
            new("AGE", r => Word.Ago(now - r.StartedAt)),
            new("TOOK", r => Word.Took(r.EndedAt - r.StartedAt)),
            new("OUTCOME", r => Word.Outcome(r.Outcome, r.DryRun ? " (dry)" : "")),
            new("FOUND", r => Sum(r, c => c.Candidates)),
            new("TERMINATED", r => Sum(r, c => c.Terminated)),
            new("SKIPPED", r => Sum(r, c => c.Skipped)),
            new("FAILED", r => Sum(r, c => c.Failed, Tone.Bad)),
            new("HELD", r => Sum(r, c => c.OverLimit + c.Blocked, Tone.Warning)),
            new("FLEET", r => r.Sync is { } sync ? $"{sync.Listed}" : "-", IsWide: true),
            new("PURGED", r => r.Purge is { } purge ? $"{purge.Purged}" : "-", IsWide: true),
            new("BEGAN", r => Word.Time(r.StartedAt), IsWide: true),
            new("HOST", r => r.Host ?? "none", IsWide: true));
        foreach (var (problem, cycles) in Problems(reports))
            screen.Warn($"cycle {string.Join(", ", cycles)}: {problem}");
    }

    private static Cell Sum(CycleReport report, Func<CollectCounts, int> of, Tone tone = Tone.Plain) =>
        report.Collect is { } collect ? Word.Count(collect.Counts.Sum(of), tone) : "-";

    /// <summary>Each problem once, with the cycles that have it, newest first.</summary>
    private static IEnumerable<(string Problem, IReadOnlyList<int> Cycles)> Problems(
        IReadOnlyList<CycleReport> reports) => reports
        .SelectMany(report => report.Problems
            .Concat(report.Collect?.Blocked.Select(guard => $"blocked by guard {guard.Guard}: {guard.Why}") ?? [])
            .Select(problem => (problem, report.Cycle)))
        .GroupBy(p => p.problem, p => p.Cycle)
        .Select(group => (group.Key, (IReadOnlyList<int>)[.. group.Distinct()]));
}
