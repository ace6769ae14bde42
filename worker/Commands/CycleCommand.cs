using System.CommandLine;
using Nstance.Temporal.Workflows.Contracts;

namespace Nstance.Temporal.Worker;

/// <summary><c>nstance-gc cycle</c>: one cycle now, and its report.</summary>
internal static class CycleCommand
{
    private const string Help = """
        Run one cycle now, wait for it and print its report.
        It ends with 1 when the cycle is partial or failed.
          nstance-gc cycle --cluster prod --shard us-west-2a --dry-run
        """;

    public static Command Make(CommandLine line)
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "This one cycle ends, deletes and marks nothing" };
        var timeout = new Option<string>("--timeout")
        {
            Description = "How long to wait for the report [default: 15m]",
            HelpName = "TIME",
            DefaultValueFactory = _ => "15m",
        };
        var command = line.Make("cycle", Help, Settings.Named("Cluster", "Shard"), async invocation =>
        {
            var options = invocation.Read("Cluster", "Shard");
            var limit = Arguments.Duration(timeout, invocation);
            var collector = new Collector(await invocation.ConnectAsync(options), options, invocation.CancellationToken);
            var report = await collector.RunCycleAsync(invocation.Parsed.GetValue(dryRun), limit);
            invocation.Write(report, screen => ReportText.Write(screen.Console, report));
            return report.Outcome is CycleOutcome.Completed or CycleOutcome.Guarded ? ExitCode.Done : ExitCode.Failed;
        });
        command.Add(dryRun);
        command.Add(timeout);
        return command;
    }
}
