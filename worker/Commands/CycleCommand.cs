using Nstance.Temporal.Worker.Output;

namespace Nstance.Temporal.Worker.Commands;

/// <summary><c>nstance-gc cycle</c>: one cycle now, and its report.</summary>
internal static class CycleCommand
{
    private const string Help = """
        Run one cycle now, wait for it and print its report; stderr tells how far it is.
        It ends with 1 when the cycle is partial or failed.
          nstance-gc cycle --cluster prod --shard us-west-2a --dry-run
        """;

    public static Command Make(CommandLine line)
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "This one cycle ends, deletes and marks nothing" };
        var timeout = Arguments.Text("--timeout", "TIME", "How long to wait for the report", "15m");
        return line.Make("cycle", Help, [.. Arguments.Shard(), dryRun, timeout], async invocation =>
        {
            var limit = Arguments.ReadTime(timeout, invocation);
            var collector = await invocation.CollectorAsync();
            var before = await collector.AnswerFirstAsync();
            var run = () => collector.RunCycleAsync(invocation.Get(dryRun), limit);
            var progress = new CycleProgress(collector, before.LastReport?.Sync?.Listed, invocation.Screen);
            var report = invocation.IsJson ? await run()
                : await progress.DuringAsync(run, invocation.CancellationToken);
            invocation.Write(report, screen => ReportText.Write(screen, report, invocation.IsWide));
            return report.Outcome is CycleOutcome.Completed or CycleOutcome.Blocked ? ExitCode.Done : ExitCode.Failed;
        });
    }
}
