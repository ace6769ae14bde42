using Nstance.Temporal.Worker.Output;
using Nstance.Temporal.Workflows.Collector;

namespace Nstance.Temporal.Worker.Commands;

/// <summary><c>nstance-gc reports</c>: the last cycles of a shard.</summary>
internal static class ReportsCommand
{
    private const string Help = """
        Show the reports of a shard's last cycles, newest first; the collector keeps 20.
          nstance-gc reports --cluster prod --shard us-west-2a
          nstance-gc reports --cluster prod --shard us-west-2a --last 1 --output json
        """;

    public static Command Make(CommandLine line)
    {
        var last = Arguments.Whole("--last", "How many", Reports.Kept, 1, Reports.Kept);
        return line.Make("reports", Help, [.. Arguments.Shard(), last], async invocation =>
        {
            var count = invocation.Get(last);
            var reports = (await (await invocation.CollectorAsync()).ReportsAsync()).Take(count).ToList();
            invocation.Write(new { reports }, screen => ReportsText.Write(
                screen, reports, TimeProvider.System.GetUtcNow(), invocation.IsWide));
        });
    }
}
