using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using SQLitePCL;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary><c>chaos --seeds N [--from K] [--output json]</c>: plays stories; 1 when one is violated.</summary>
internal static class ChaosCommand
{
    private const int MaxShown = 3;
    private const int SqliteConfigMemStatus = 9;

    public static Command Make(TextWriter stdout, TextWriter stderr)
    {
        var seeds = Arguments.Number("--seeds", "how many stories", 100, 1, 1_000_000);
        var from = Arguments.Number("--from", "the first seed", 1, 0, int.MaxValue);
        var output = Arguments.Output();
        var command = new Command(
            "chaos", "Plays seeded stories of a shard, and checks the collector after every step.")
        {
            seeds, from, output,
        };
        command.SetAction(async (parsed, ct) =>
        {
            var screen = parsed.GetValue(output) == "json" ? stderr : stdout;
            return await RunAsync(parsed.GetValue(seeds), parsed.GetValue(from), screen, stdout, ct);
        });
        return command;
    }

    /// <summary>
    /// Comes before SQLite's first use: switches off its count of allocated bytes, which is one lock for all threads.
    /// </summary>
    public static void TuneSqlite()
    {
        Batteries_V2.Init();
        if (raw.sqlite3_shutdown() == raw.SQLITE_OK) _ = raw.sqlite3_config(SqliteConfigMemStatus, 0);
    }

    private static async Task<int> RunAsync(
        int seeds, int from, TextWriter screen, TextWriter stdout, CancellationToken ct)
    {
        TuneSqlite();
        var watch = Stopwatch.StartNew();
        var ended = 0L;
        var cycles = 0L;
        var violated = new SortedDictionary<int, Violation>();
        // One more than there are cores: some stories wait for a lock.
        var threads = Environment.ProcessorCount + 1;
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = ct };
        await Parallel.ForEachAsync(Enumerable.Range(from, seeds), parallel, async (seed, _) =>
        {
            var outcome = await ChaosRun.PlayAsync(StoryTeller.Tell(seed));
            lock (violated)
            {
                ended += outcome.Terminated;
                cycles += outcome.Cycles;
                if (outcome.Violation is { } violation) violated[seed] = violation;
            }
        });
        foreach (var (seed, violation) in violated.Take(MaxShown))
        {
            await screen.WriteLineAsync($"seed {seed}, {violation.Step}: {violation.Invariant}: {violation.What}");
            var story = await Shrink.Async(StoryTeller.Tell(seed), violation);
            await screen.WriteLineAsync($"  {story.Setup}\n  {string.Join("\n  ", story.Events)}");
        }

        var elapsedSeconds = Math.Round(watch.Elapsed.TotalSeconds, 1);
        await stdout.WriteLineAsync(JsonSerializer.Serialize(
            new { seeds, from, cycles, ended, violated = violated.Keys, elapsedSeconds }));
        return violated.Count == 0 ? 0 : 1;
    }
}
