using System.CommandLine;

namespace Nstance.Temporal.Worker;

/// <summary><c>nstance-gc status</c>: what a shard's collector is doing.</summary>
internal static class StatusCommand
{
    private const string Help = """
        Show what a shard's collector is doing: state, host, next cycle, last report.
          nstance-gc status --cluster prod --shard us-west-2a
          nstance-gc status --cluster prod --shard us-west-2a --output json
        """;

    public static Command Make(CommandLine line) =>
        line.Make("status", Help, Settings.Named("Cluster", "Shard"), async invocation =>
        {
            var options = invocation.Read("Cluster", "Shard");
            var client = await invocation.ConnectAsync(options);
            var status = await new Collector(client, options, invocation.CancellationToken).StatusAsync();
            invocation.Write(status, screen => StatusText.Write(screen.Console, status));
            return ExitCode.Done;
        });
}
