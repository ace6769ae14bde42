using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Nstance.Temporal.Benchmarks.Commands;

namespace Nstance.Temporal.Benchmarks.Cycle;

/// <summary>One shard's phases, measured at the activities: the ports in memory, the database a file.</summary>
internal static class CycleCommand
{
    public static Command Create(TextWriter stdout, TextWriter stderr)
    {
        var instances = Options.Number("--instances", "size of the fleet", 100_000, 200, 2_000_000);
        var latency = Options.Number("--latency", "milliseconds that each call to cloud or bucket takes", 0, 0, 10_000);
        var runs = Options.Number("--runs", "how often all is measured; figures are medians", 5, 1, 100);
        var output = Options.Output();
        var warmUp = Options.Number("--warm-up", "how often all is done before: a worker that has run for a while has its code compiled", 2, 0, 100);
        var command = new Command("cycle", "sync, collection, quiet cycle and rebuild of one shard") { instances, latency, warmUp, runs, output };
        command.SetAction(async (parsed, ct) =>
        {
            var figures = await new CycleRun(
                parsed.GetValue(instances), parsed.GetValue(latency), parsed.GetValue(warmUp), parsed.GetValue(runs), stderr).RunAsync(ct);
            if (parsed.GetValue(output) == "json")
            {
                await stdout.WriteLineAsync(JsonSerializer.Serialize(figures.ToJson(), JsonSerializerOptions.Web));
                return 0;
            }

            foreach (var (name, value) in figures.ToJson())
            {
                var range = figures.Ranges.TryGetValue(name, out var both) ? $"   {both[0]} … {both[1]}" : "";
                await stdout.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{name,-16} {JsonSerializer.Serialize(value, JsonSerializerOptions.Web)}{range}"));
            }

            return 0;
        });
        return command;
    }
}
