using Nstance.Temporal.Worker.Output;
using Spectre.Console;

namespace Nstance.Temporal.Worker.Commands;

/// <summary><c>nstance-gc reports</c>: the last cycles of a shard.</summary>
internal static class ReportsCommand
{
    /// <summary>The collector keeps this many.</summary>
    private const int MaxReports = 20;

    private const string Help = """
        Show the reports of a shard's last cycles, newest first; the collector keeps 20.
          nstance-gc reports --cluster prod --shard us-west-2a
          nstance-gc reports --cluster prod --shard us-west-2a --last 1 --output json
        """;

    public static Command Make(CommandLine line)
    {
        var last = Arguments.Whole("--last", "How many", MaxReports, 1, MaxReports);
        return line.Make("reports", Help, [.. Arguments.Shard(), last], async invocation =>
        {
            var count = invocation.Get(last);
            var reports = (await (await invocation.CollectorAsync()).ReportsAsync()).Take(count).ToList();
            invocation.Write(new { reports }, screen => Write(screen.Console, reports));
        });
    }

    private static void Write(IAnsiConsole console, List<CycleReport> reports)
    {
        if (reports.Count == 0)
        {
            console.WriteLine("no cycle has ended yet");
            return;
        }

        var table = new Table { Border = TableBorder.Rounded };
        table.AddColumns(
            "cycle", "began", "took", "outcome", "host", "fleet", "garbage", "terminated", "skipped", "held back",
            "purged", "problem");
        foreach (var report in reports)
        {
            var counts = report.Collect?.Counts ?? [];
            string Sum(Func<CollectCounts, int> of) => counts.Count == 0 ? "–" : $"{counts.Sum(of)}";
            table.AddRow(
                $"{report.Cycle}",
                Word.Time(report.StartedAt),
                ReportText.Took(report),
                Word.Outcome(report.Outcome) + (report.DryRun ? " [yellow](dry)[/]" : ""),
                Markup.Escape(report.Host ?? ""),
                report.Sync is { } sync ? $"{sync.Listed}" : "–",
                Sum(x => x.Candidates),
                Sum(x => x.Terminated),
                Sum(x => x.Skipped),
                Sum(x => x.OverLimit + x.Blocked),
                report.Purge is { } purge ? $"{purge.Purged}" : "–",
                Markup.Escape(report.Problems is [var first, ..] ? first
                    : report.Collect?.Blocked is [var guard, ..] ? guard.Why : ""));
        }

        console.Write(table);
    }
}
