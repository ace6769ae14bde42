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
                screen,
                ["ACTION", "INSTANCE", "CLOUD ID", "GROUP", "WHY"],
                [.. notes.Select(n => (Cell[])[n.Action, n.InstanceId, n.ProviderId ?? "", Group(n), n.Why])]);
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
        var stops = counts.Any(c => c.Quarantined > 0);
        screen.Line();
        string[] header =
            ["REASON", "FOUND", report.DryRun ? "WOULD TERMINATE" : "TERMINATED", "GONE", "SKIPPED", "FAILED", "HELD"];
        Columns.Write(
            screen,
            stops ? [.. header, "STOPPED"] : header,
            [.. counts.Select(c => stops ? [.. Row(c), $"{c.Quarantined}"] : Row(c))]);
    }

    private static Cell[] Row(CollectCounts counts)
    {
        var held = counts.OverLimit + counts.Blocked;
        return
        [
            Word.Kebab($"{counts.Reason}"), $"{counts.Candidates}", $"{counts.Terminated}", $"{counts.AlreadyGone}",
            $"{counts.Skipped}", new($"{counts.Failed}", counts.Failed > 0 ? Tone.Bad : Tone.Plain),
            new($"{held}", held > 0 ? Tone.Warning : Tone.Plain),
        ];
    }
}
