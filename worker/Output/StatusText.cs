using Nstance.Temporal.Worker.Options;
using Spectre.Console;

namespace Nstance.Temporal.Worker.Output;

/// <summary>A collector's status for people.</summary>
internal static class StatusText
{
    public static void Write(IAnsiConsole console, GcStatus status)
    {
        var table = new Table { Border = TableBorder.None, ShowHeaders = false };
        table.AddColumns("what", "value");
        var shard = status.Shard;
        Row("shard", Markup.Escape($"{shard.Cluster}/{shard.Shard} in bucket {shard.Bucket}"));
        Row("state", Word.State(status.State) + (status.DryRun ? " [yellow](dry-run)[/]" : ""));
        if (status.Pause is { } pause)
        {
            var by = pause.By is null ? "" : $" by {pause.By}";
            var until = pause.Until is { } end ? $", until {Word.Time(end)}" : "";
            Row("paused", Markup.Escape($"{pause.Reason} (since {Word.Time(pause.At)}{by}{until})"));
        }

        foreach (var part in status.PartialPauses)
        {
            var what = $"{part.Group ?? "every group"}, {part.Sweep?.ToString() ?? "every sweep"}";
            Row("paused in part", Markup.Escape($"{what}: {part.Reason}"));
        }

        if (status.Mode is { } mode)
            Row("mode", $"{(mode.DryRun ? "dry-run" : "enforce")} by {Markup.Escape(mode.By)} at {Word.Time(mode.At)}");
        else if (status.DryRun && status.Settings.DryRun is null)
            Row("mode", "[yellow]dry-run until nstance-gc enforce[/]");
        foreach (var block in status.Blocks)
        {
            var why = $"since {Word.Time(block.Since)} by guard {block.Guard}: {block.Why}";
            Row("[yellow]blocked[/]", Markup.Escape(why));
        }

        if (status.Blocks.Count > 0)
        {
            Row("way out", status.Pending is { } held
                ? $"nstance-gc plan show, then plan approve {held.Id} "
                    + Markup.Escape($"--cluster {shard.Cluster} --shard {shard.Shard}")
                : "correct the cause, then nstance-gc cycle; nothing waits for an approval");
        }

        if (status.Pending is { } plan)
        {
            Row("plan", $"[yellow]{plan.Id}[/] waits for approval: {plan.Instances} instances (nstance-gc plan show)");
        }

        if (status.Approval is { } approval)
            Row("approved", $"by {Markup.Escape(approval.By)} until {Word.Time(approval.Until)}");
        Row("host", Markup.Escape(status.Host ?? "none yet"));
        if (status.NoLeaderSince is { } since)
            Row("nstance's leader", $"[red]none since {Word.Time(since)}[/]: start nstance's servers");
        else if (status.Leader is { } leader)
        {
            var address = leader.Address.Length > 0 ? $" at {leader.Address}" : "";
            Row("nstance's leader", Markup.Escape($"{leader.Id}{address}, since {Word.Time(leader.Since)}"));
        }

        Row("cycles", $"{status.Totals.Cycles}");
        Row("next cycle", status.NextCycleAt is { } next ? Word.Time(next) : "none");
        if (status.Timings is { } timings)
        {
            Row("interval", DurationText.Format(timings.Interval));
            foreach (var warning in OwnTimings.Warnings(timings)) Row("[yellow]warning[/]", Markup.Escape(warning));
        }

        var totals = status.Totals;
        var terminated = totals.Terminated.Select(total => $"{total.Instances} {Word.Kebab($"{total.Reason}")}");
        Row("terminated so far", totals.Terminated.Count == 0 ? "none" : string.Join(", ", terminated));
        Row(
            "and",
            $"{totals.AlreadyGone} already gone, {totals.Purged} purged, {totals.ChecksEnqueued} checks handed on");
        console.Write(table);
        if (status.LastReport is not { } report) return;
        console.WriteLine();
        ReportText.Write(console, report);

        void Row(string what, string value) => table.AddRow(what, value);
    }
}
