using Nstance.Temporal.Worker.Hosting;
using Spectre.Console;

namespace Nstance.Temporal.Worker.Output;

/// <summary>All collectors in a table, one line each.</summary>
internal static class ShardsText
{
    public static void Write(IAnsiConsole console, IReadOnlyList<ShardLine> lines, DateTimeOffset now)
    {
        if (lines.Count == 0)
        {
            console.WriteLine("no collector runs in this namespace: nstance-gc init sets one up");
            return;
        }

        var table = new Table { Border = TableBorder.Rounded };
        table.AddColumns("shard", "state", "last cycle", "next cycle", "fleet", "garbage", "plan", "host");
        foreach (var line in lines) table.AddRow(Row(line, now));
        console.Write(table);
    }

    private static string[] Row(ShardLine line, DateTimeOffset now)
    {
        if (line.Status is not { } status)
        {
            var error = $"[red]{Markup.Escape(line.Error ?? "no answer")}[/]";
            return [Markup.Escape(line.WorkflowId), error, "", "", "", "", "", ""];
        }

        var report = status.LastReport;
        return
        [
            Markup.Escape($"{status.Shard.Cluster}/{status.Shard.Shard}"),
            Word.State(status.State)
                + (status.DryRun ? " [yellow]dry-run[/]" : "")
                + (status.PartialPauses.Count > 0 ? " [yellow]in part[/]" : ""),
            report is null
                ? "none yet"
                : $"{report.Cycle} {Word.Outcome(report.Outcome)}, {Word.Ago(now - report.EndedAt)} ago",
            status.NextCycleAt is { } next ? Word.In(next - now) : "none",
            report?.Sync is { } sync ? $"{sync.Listed}" : "?",
            report?.Collect is { } collect ? Garbage(collect, report.DryRun) : "?",
            status.Pending is { } plan ? $"[yellow]{plan.Id}[/]: {plan.Instances}" : "",
            Markup.Escape(status.Host ?? "none"),
        ];
    }

    private static string Garbage(CollectResult collect, bool dryRun)
    {
        var found = collect.Counts.Sum(counts => counts.Candidates);
        var terminated = collect.Counts.Sum(counts => counts.Terminated);
        return found == 0 ? "0" : $"{found} ({terminated} {(dryRun ? "would be terminated" : "terminated")})";
    }
}
