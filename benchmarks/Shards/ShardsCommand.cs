using System.CommandLine;
using System.Text.Json;
using Nstance.Temporal.Simulation;

namespace Nstance.Temporal.Benchmarks.Shards;

/// <summary>Many shards on one worker, in real time.</summary>
internal static class ShardsCommand
{
    public static Command Create(TextWriter stdout, TextWriter stderr)
    {
        var shards = Arguments.Number("--shards", "shards on the worker", 1000, 1, 20_000);
        var instances = Arguments.Number("--instances", "instances of each", 1000, 200, 100_000);
        var interval = Arguments.Number(
            "--interval", "seconds between the starts of a shard's cycles", 120, 5, 3600);
        var cycles = Arguments.Number(
            "--cycles", "cycles of each shard that are measured, after two that are not", 2, 1, 1000);
        var address = new Option<string>("--address")
        {
            Description = "HOST:PORT of another server, its default namespace empty; default: our own, in this process",
        };
        var command = new Command("shards", "punctuality, processor and memory of one worker with many shards")
        {
            shards, instances, interval, cycles, address,
        };
        command.SetAction(async (parsed, ct) =>
        {
            var run = new ShardsRun(
                parsed.GetValue(shards), parsed.GetValue(instances), TimeSpan.FromSeconds(parsed.GetValue(interval)),
                parsed.GetValue(cycles), parsed.GetValue(address), stderr);
            await stdout.WriteLineAsync(JsonSerializer.Serialize(await run.RunAsync(ct), JsonSerializerOptions.Web));
        });
        return command;
    }
}
