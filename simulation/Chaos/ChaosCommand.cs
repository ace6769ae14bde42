using System.CommandLine;
using System.Text.Json;
using SQLitePCL;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary><c>chaos --seeds N [--from K] [--output json]</c>: plays stories; ends with 1 when one was violated.</summary>
internal static class ChaosCommand
{
    private const int SqliteConfigMemStatus = 9;

    public static async Task<int> InvokeAsync(string[] args, TextWriter stdout, TextWriter stderr)
    {
        var seeds = new Option<int>("--seeds") { Description = "how many stories", DefaultValueFactory = _ => 100 };
        var from = new Option<int>("--from") { Description = "the first seed", DefaultValueFactory = _ => 1 };
        var output = new Option<string>("--output") { Description = "text or json", DefaultValueFactory = _ => "text" };
        output.AcceptOnlyFromAmong("text", "json");
        seeds.Validators.Add(r =>
        {
            if (r.Tokens.Count > 0 && !(int.TryParse(r.Tokens[0].Value, out var n) && n is > 0 and <= 1_000_000)) r.AddError("--seeds: a whole number from 1 to 1000000");
        });
        var root = new RootCommand("Plays seeded stories of a shard, and checks the collector after every step.") { seeds, from, output };
        var parse = root.Parse(args);
        if (parse.Errors.Count > 0)
        {
            foreach (var error in parse.Errors) await stderr.WriteLineAsync($"chaos: {error.Message}");
            return 2;
        }

        SpareSqlite();
        var (count, first) = (parse.GetValue(seeds), parse.GetValue(from));
        var watch = System.Diagnostics.Stopwatch.StartNew();
        var (ended, cycles, violated) = (0L, 0L, new List<ChaosOutcome>());
        // One more than there are cores: some stories wait for a lock.
        await Parallel.ForEachAsync(Enumerable.Range(first, count), new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount + 1 }, async (seed, _) =>
        {
            var outcome = await ChaosRun.PlayAsync(StoryTeller.Tell(seed));
            lock (violated)
            {
                (ended, cycles) = (ended + outcome.Terminated, cycles + outcome.Cycles);
                if (outcome.Violation is not null) violated.Add(outcome);
            }
        });
        var screen = parse.GetValue(output) == "json" ? stderr : stdout;
        foreach (var outcome in violated.OrderBy(o => o.Seed).Take(3))
        {
            var story = await Shrink.Async(StoryTeller.Tell(outcome.Seed), outcome.Violation!);
            await screen.WriteLineAsync($"seed {outcome.Seed}, {outcome.Violation!.Step}: {outcome.Violation.Invariant}: {outcome.Violation.What}");
            foreach (var line in story.Lines) await screen.WriteLineAsync($"  {line}");
        }

        var result = new { seeds = count, from = first, cycles, ended, violated = violated.Select(o => o.Seed).Order(), elapsedSeconds = Math.Round(watch.Elapsed.TotalSeconds, 1) };
        await stdout.WriteLineAsync(JsonSerializer.Serialize(result));
        return violated.Count == 0 ? 0 : 1;
    }

    /// <summary>Before SQLite's first use: its count of allocated bytes is one lock for all threads.</summary>
    public static void SpareSqlite()
    {
        Batteries_V2.Init();
        if (raw.sqlite3_shutdown() == raw.SQLITE_OK) _ = raw.sqlite3_config(SqliteConfigMemStatus, 0);
    }
}
