using System.CommandLine;
using System.Text.Json;
using Nstance.Temporal.Simulation;

namespace Nstance.Temporal.Benchmarks.Compare;

/// <summary>A shard's phases: the original's method, ours, and the floor, in one run.</summary>
internal static class CompareCommand
{
    private const int WarmUpInstances = 2000;

    public static Command Create(TextWriter stdout, TextWriter stderr)
    {
        var instances = Arguments.Number("--instances", "size of the fleet", 100_000, 200, 2_000_000);
        var latency = Arguments.Number("--latency", "milliseconds of each call to cloud or bucket", 0, 0, 10_000);
        var runs = Arguments.Number("--runs", "how often all is measured; figures are medians", 3, 1, 100);
        var atLeast = Arguments.Number(
            "--at-least", "fail unless ours is that many times faster than the original in each phase", 0, 0, 100);
        var original = Arguments.Number(
            "--original-up-to", "largest fleet on which the original's method is run too", 100_000, 0, 2_000_000);
        var chart = new Option<string>("--chart")
        {
            Description = "write an SVG of time over instances to this file: up to --instances, in steps of ten",
        };
        var output = Arguments.Output();
        var command = new Command("compare", "the original's method, ours, and the floor: each phase, side by side")
        {
            instances, latency, runs, atLeast, original, chart, output,
        };
        command.SetAction(async (parsed, ct) =>
        {
            var size = parsed.GetValue(instances);
            var comparisons = new List<Comparison>();
            await MeasureAsync(WarmUpInstances, 0, 1);
            foreach (var one in parsed.GetValue(chart) is null ? [size] : Sizes(size))
            {
                var comparison = await MeasureAsync(one, parsed.GetValue(latency), parsed.GetValue(runs));
                comparisons.Add(comparison);
                await stdout.WriteLineAsync(
                    parsed.GetValue(output) == "json"
                        ? JsonSerializer.Serialize(comparison.Json(), JsonSerializerOptions.Web)
                        : comparison.Text());
            }

            if (parsed.GetValue(chart) is { } path) await File.WriteAllTextAsync(path, Chart.Svg(comparisons), ct);
            var slow = comparisons[^1].SlowerThan(parsed.GetValue(atLeast)).ToList();
            foreach (var sentence in slow) await stderr.WriteLineAsync(sentence);
            return slow.Count == 0 ? 0 : 1;

            async Task<Comparison> MeasureAsync(int count, int latencyMs, int times)
            {
                var comparison = new Comparison(count, latencyMs);
                using var run = new CompareRun(comparison, withOriginal: count <= parsed.GetValue(original));
                for (var n = 1; n <= times; n++)
                {
                    await run.RunAsync(ct);
                    await stderr.WriteLineAsync($"{count:N0} instances: run {n} of {times} done");
                }

                return comparison;
            }
        });
        return command;
    }

    private static IEnumerable<int> Sizes(int largest) =>
        Enumerable.Range(0, 7).Select(n => (int)(largest / Math.Pow(10, n))).Where(size => size >= 1000).Reverse();
}
