using Nstance.Temporal.Worker.Options;
using Spectre.Console;

namespace Nstance.Temporal.Worker.Output;

/// <summary>A cycle's report for people.</summary>
internal static class ReportText
{
    private const string NotDone = "[red]not done[/]";

    public static void Write(IAnsiConsole console, CycleReport report)
    {
        console.MarkupLine(
            $"cycle {report.Cycle} at {Word.Time(report.StartedAt)} on {Markup.Escape(report.Host ?? "no host")}: "
            + $"{Word.Outcome(report.Outcome)} in {Took(report)}"
            + (report.DryRun ? ", [yellow]dry-run: nothing was touched[/]" : ""));
        console.Write(Phases(report));
        Table(console, [
            .. report.Sync?.Samples ?? [], .. report.Collect?.Samples ?? [], .. report.Purge?.Samples ?? []]);
        if (report.Grace is { } grace)
            console.MarkupLine($"[yellow]grace[/] until {Word.Time(grace.Until)}: {Markup.Escape(grace.Why)}");
        foreach (var guard in report.Collect?.Blocked ?? [])
            Warn(console, $"blocked by guard {guard.Guard}: {guard.Why}");
        if (report.Collect?.Plan is { } plan)
            Warn(console, $"plan {plan.Id} of {plan.Instances} instances: nstance-gc plan show");
        foreach (var problem in report.Problems) Warn(console, problem);
    }

    /// <summary>Writes a line that needs attention.</summary>
    public static void Warn(IAnsiConsole console, string line) =>
        console.MarkupLine($"[yellow]![/] {Markup.Escape(line)}");

    /// <summary>Returns how long the cycle took, without the parts of a millisecond.</summary>
    public static string Took(CycleReport report) => DurationText.Format(
        TimeSpan.FromMilliseconds((long)(report.EndedAt - report.StartedAt).TotalMilliseconds));

    /// <summary>Writes instances with what was done, or would be, and why.</summary>
    public static void Table(IAnsiConsole console, IReadOnlyList<InstanceNote> notes)
    {
        if (notes.Count == 0) return;
        var table = new Table { Border = TableBorder.Rounded };
        table.AddColumns("instance", "cloud id", "tenant/group", "action", "why");
        foreach (var note in notes)
        {
            var group = $"{note.Tenant}/{note.Group}".Trim('/');
            string[] cells = [note.InstanceId, note.ProviderId ?? "", group, note.Action, note.Why];
            table.AddRow(cells.Select(cell => new Text(cell)));
        }

        console.Write(table);
    }

    private static Table Phases(CycleReport report)
    {
        var phases = new Table { Border = TableBorder.Rounded };
        phases.AddColumns("phase", "outcome");
        phases.AddRow("sync", report.Sync is { } sync
            ? $"{sync.Listed} listed, {sync.Added} added, {sync.Updated} updated, {sync.MarkedDeleted} marked deleted, "
                + $"{sync.Skipped} skipped, {sync.Invalid} invalid"
            : NotDone);
        foreach (var counts in report.Collect?.Counts ?? [])
            phases.AddRow($"collect {Word.Kebab($"{counts.Reason}")}", Text(counts, report.DryRun));
        if (report.Collect is null) phases.AddRow("collect", NotDone);
        if (report.Collect is { AlreadyTerminating: > 0 } left) phases.AddRow("collect", Terminating(left));
        phases.AddRow("health", report.Health is { } health
            ? $"{health.Registered} registered, {health.Stale} stale, {health.Enqueued} checks handed on"
                + (health.Suspect is null ? "" : ", [yellow]source suspect[/]")
            : NotDone);
        phases.AddRow("purge", report.Purge is { } purge
            ? $"{purge.Expired} expired, {purge.Purged} purged, {purge.Failed} failed"
            : NotDone);
        return phases;
    }

    private static string Terminating(CollectResult collect) => $"{collect.AlreadyTerminating} already terminating"
        + (collect.StuckTerminating > 0 ? $", [yellow]{collect.StuckTerminating} for more than an hour[/]" : "");

    private static string Text(CollectCounts counts, bool dryRun)
    {
        var would = dryRun ? "would be " : "";
        return $"{counts.Candidates} candidates: {counts.Terminated} {would}terminated, "
            + $"{counts.AlreadyGone} already gone, {counts.Skipped} skipped, {counts.Failed} failed"
            + (counts.Quarantined > 0 ? $", {counts.Quarantined} {would}quarantined" : "")
            + (counts.Blocked > 0 ? $", [yellow]{counts.Blocked} blocked[/]" : "")
            + (counts.OverLimit > 0 ? $", [yellow]{counts.OverLimit} over the limit[/]" : "");
    }
}
