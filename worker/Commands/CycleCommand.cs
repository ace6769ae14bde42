using System.CommandLine;
using Nstance.Temporal.Worker.Options;
using Nstance.Temporal.Worker.Output;
using Temporalio.Client;

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
            var client = await invocation.ConnectAsync(options);
            var collector = new Collector(client, options, invocation.CancellationToken);
            var report = await RunAsync(client, collector, options, invocation, limit, invocation.Parsed.GetValue(dryRun));
            invocation.Write(report, screen => ReportText.Write(screen.Console, report));
            return report.Outcome is CycleOutcome.Completed or CycleOutcome.Blocked ? ExitCode.Done : ExitCode.Failed;
        });
        command.Add(dryRun);
        command.Add(timeout);
        return command;
    }

    private static async Task<CycleReport> RunAsync(
        TemporalClient client, Collector collector, GcOptions options, Invocation invocation, TimeSpan limit, bool dryRun)
    {
        if (invocation.Json) return await collector.RunCycleAsync(dryRun, limit);
        var before = await collector.StatusAsync();
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(invocation.CancellationToken);
        var progress = new CycleProgress(
            client, Names.GcWorkflowId(options.Cluster!, options.Shard!), before.LastReport?.Sync?.Listed, invocation.Screen);
        var watch = progress.WatchAsync(watching.Token);
        try
        {
            return await collector.RunCycleAsync(dryRun, limit);
        }
        finally
        {
            await watching.CancelAsync();
            await watch;
        }
    }
}
