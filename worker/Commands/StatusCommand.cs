using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Worker.Options;
using Nstance.Temporal.Worker.Output;

namespace Nstance.Temporal.Worker.Commands;

/// <summary><c>nstance-gc status</c>: what a shard's collector is doing, or all of them.</summary>
internal static class StatusCommand
{
    private const string Help = """
        Show what a shard's collector is doing: state, host, next cycle, last report. Without a worker: what Temporal
        knows, and exit code 3. Without a shard: all collectors of the namespace or the cluster, the worst first.
          nstance-gc status --cluster prod --shard us-west-2a
          nstance-gc status --cluster prod --shard us-west-2a --output json
          nstance-gc status --cluster prod --watch
          nstance-gc status --output wide
        """;

    public static Command Make(CommandLine line)
    {
        var watch = new Option<bool>("--watch")
        {
            Description = "Repeat until interrupted, then end with exit code 0",
        };
        var every = Arguments.Text("--every", "TIME", "Time between two updates of --watch", "2s");
        return line.Make("status", Help, [.. Arguments.Shard(), watch, every], async invocation =>
        {
            var interval = Arguments.ReadTime(every, invocation);
            var options = invocation.Read();
            if (options is { Shard: not null, Cluster: null }) invocation.Read("Cluster");
            var client = await invocation.ConnectAsync(options);
            if (!invocation.Get(watch)) return await ShowAsync(invocation, client, options, height: null);
            await WatchAsync(invocation, client, options, interval);
            return ExitCode.Done;
        });
    }

    private static async Task<int> ShowAsync(
        Invocation invocation, TemporalClient client, GcOptions options, int? height)
    {
        var token = invocation.CancellationToken;
        if (options is { Cluster: { } cluster, Shard: { } shard })
            return await ShowAsync(invocation, new(client, cluster, shard, token));
        var asked = await Shards.AskAsync(client, options.Cluster, token);
        ShardLine[] shards = [.. asked.OrderBy(ShardsText.Rank)];
        invocation.Write(
            new { shards },
            screen => ShardsText.Write(
                screen, shards, TimeProvider.System.GetUtcNow(), invocation.IsWide, height, options.Cluster));
        return ExitCode.Done;
    }

    private static async Task<int> ShowAsync(Invocation invocation, Collector collector)
    {
        try
        {
            var status = await collector.StatusAsync();
            invocation.Write(status, screen => StatusText.Write(
                screen, status, TimeProvider.System.GetUtcNow(), invocation.IsWide));
            return ExitCode.Done;
        }
        catch (CommandException e) when (e.Code == ExitCode.Unreachable)
        {
            var known = await collector.WithoutWorkerAsync(e.Lines[0]);
            invocation.Write(known, screen => StatusText.Write(screen, known, invocation.IsWide));
            return ExitCode.Unreachable;
        }
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
                    await ShowAsync(invocation, client, options, invocation.Screen.Height);
                }
                catch (Exception e) when (e is CommandException or TemporalException && !token.IsCancellationRequested)
                {
                    // The watch goes on: the collector may come back.
                    foreach (var line in Failure.Of(e).Lines) invocation.Note($"{CommandLine.Name}: {line}");
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
