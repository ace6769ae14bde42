using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Worker.Options;
using Nstance.Temporal.Worker.Output;

namespace Nstance.Temporal.Worker.Commands;

/// <summary><c>nstance-gc status</c>: what a shard's collector is doing, or all of them.</summary>
internal static class StatusCommand
{
    private const string Help = """
        Show what a shard's collector is doing: state, host, next cycle, last report.
        Without a shard: all collectors of the namespace.
          nstance-gc status --cluster prod --shard us-west-2a
          nstance-gc status --cluster prod --shard us-west-2a --output json
          nstance-gc status --watch
        """;

    public static Command Make(CommandLine line)
    {
        var watch = new Option<bool>("--watch")
        {
            Description = "Look again and again, until interrupted; that is exit code 0",
        };
        var every = Arguments.Text("--every", "TIME", "Time between two looks of --watch", "2s");
        return line.Make("status", Help, [.. Arguments.Shard(), watch, every], async invocation =>
        {
            var interval = Arguments.ReadTime(every, invocation);
            var options = invocation.Read();
            if ((options.Cluster is null) != (options.Shard is null)) invocation.Read("Cluster", "Shard");
            var client = await invocation.ConnectAsync(options);
            if (invocation.Get(watch)) await WatchAsync(invocation, client, options, interval);
            else await ShowAsync(invocation, client, options);
        });
    }

    private static async Task ShowAsync(Invocation invocation, TemporalClient client, GcOptions options)
    {
        if (options is { Cluster: { } cluster, Shard: { } shard })
        {
            var status = await new Collector(client, cluster, shard, invocation.CancellationToken).StatusAsync();
            invocation.Write(status, screen => StatusText.Write(screen.Console, status));
            return;
        }

        var shards = await Shards.AskAsync(client, invocation.CancellationToken);
        invocation.Write(
            new { shards },
            screen => ShardsText.Write(screen.Console, shards, TimeProvider.System.GetUtcNow()));
    }

    private static async Task WatchAsync(
        Invocation invocation, TemporalClient client, GcOptions options, TimeSpan interval)
    {
        var token = invocation.CancellationToken;
        using var timer = new PeriodicTimer(interval);
        try
        {
            do
            {
                invocation.Screen.Redraw();
                try
                {
                    await ShowAsync(invocation, client, options);
                }
                catch (Exception e) when (e is CommandException or TemporalException && !token.IsCancellationRequested)
                {
                    // The watch goes on: the collector may come back.
                    invocation.Note($"{CommandLine.Name}: {Failure.Of(e).Lines[0]}");
                }
            }
            while (await timer.WaitForNextTickAsync(token));
        }
        catch (Exception) when (token.IsCancellationRequested)
        {
            // The user's interrupt ends a watch.
        }
    }
}
