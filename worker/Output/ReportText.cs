using Nstance.Temporal.Worker.Options;
using Spectre.Console;

namespace Nstance.Temporal.Worker.Output;

/// <summary>A cycle's report for people.</summary>
internal static class ReportText
{
    public static void Write(IAnsiConsole console, CycleReport report)
    {
        var took = DurationText.Format(TimeSpan.FromMilliseconds((long)(report.EndedAt - report.StartedAt).TotalMilliseconds));
        var dryRun = report.DryRun ? ", [yellow]dry-run: nothing was touched[/]" : "";
        console.MarkupLine(
            $"cycle {report.Cycle} at {Word.Time(report.StartedAt)} on {Markup.Escape(report.Host ?? "no host")}: "
            + $"{Word.Outcome(report.Outcome)} in {took}{dryRun}");

        var phases = new Table { Border = TableBorder.Rounded };
        phases.AddColumns("phase", "outcome");
        phases.AddRow("sync", report.Sync is { } sync
            ? $"{sync.Listed} listed, {sync.Added} added, {sync.Updated} updated, {sync.MarkedDeleted} marked deleted, {sync.Skipped} skipped, {sync.Invalid} invalid"
            : NotDone);
        if (report.Collect is { } collect)
        {
            foreach (var counts in collect.Counts) Add(phases, Word.Kebab($"{counts.Reason}"), counts, report.DryRun);
        }
        else
        {
            phases.AddRow("collect", NotDone);
        }

        phases.AddRow("health", report.Health is { } health
            ? $"{health.Registered} registered, {health.Stale} stale, {health.Enqueued} checks handed on{(health.Suspect ? ", [yellow]source suspect[/]" : "")}"
            : NotDone);
        phases.AddRow("purge", report.Purge is { } purge
            ? $"{purge.Expired} expired, {purge.Purged} purged, {purge.Failed} failed"
            : NotDone);
        console.Write(phases);
        Table(console, [.. report.Sync?.Samples ?? [], .. report.Collect?.Samples ?? [], .. report.Purge?.Samples ?? []]);
        if (report.Grace is { } grace) console.MarkupLine($"[yellow]grace[/] until {Word.Time(grace.Until)}: {Markup.Escape(grace.Why)}");
        if (report.Collect?.Blocked is { } guarded) console.MarkupLine($"[yellow]![/] {Markup.Escape(guarded)}");
        if (report.Collect?.Plan is { } plan) console.MarkupLine($"[yellow]![/] plan {plan.Id} of {plan.Instances} instances: nstance-gc plan show");
        foreach (var problem in report.Problems)
        {
            console.MarkupLine($"[yellow]![/] {Markup.Escape(problem)}");
        }
    }

    private const string NotDone = "[red]not done[/]";

    private static void Add(Table phases, string reason, CollectCounts counts, bool dryRun) => phases.AddRow(
        $"collect {reason}",
        $"{counts.Candidates} candidates: {counts.Terminated} {(dryRun ? "would be terminated" : "terminated")}, {counts.AlreadyGone} already gone, {counts.Skipped} skipped, "
        + $"{counts.Failed} failed" + (counts.Quarantined > 0 ? $", {counts.Quarantined} {(dryRun ? "would be quarantined" : "quarantined")}" : "") + (counts.OverLimit > 0 ? $", [yellow]{counts.OverLimit} over the limit[/]" : ""));

    /// <summary>Instances with what was done, or would be, and why.</summary>
    public static void Table(IAnsiConsole console, IReadOnlyList<InstanceNote> notes)
    {
        if (notes.Count == 0)
        {
            return;
        }

        var table = new Table { Border = TableBorder.Rounded };
        table.AddColumns("instance", "cloud id", "tenant/group", "action", "why");
        foreach (var note in notes)
        {
            table.AddRow(
                new Text(note.InstanceId),
                new Text(note.ProviderId ?? ""),
                new Text($"{note.Tenant}/{note.Group}".Trim('/')),
                new Text(note.Action),
                new Text(note.Why));
        }

        console.Write(table);
    }
}
