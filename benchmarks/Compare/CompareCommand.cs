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
        var chart = new Option<string>("--chart")
        {
            Description = "write an SVG of time over instances to this file: up to --instances, in steps of ten",
        };
        var output = Arguments.Output();
        var command = new Command("compare", "the original's method, ours, and the floor: each phase, side by side")
        {
            instances, latency, runs, atLeast, chart, output,
        };
        command.SetAction(async (parsed, ct) =>
        {
            var size = parsed.GetValue(instances);
            var isJson = parsed.GetValue(output) == "json";
            var comparisons = new List<Comparison>();
            await MeasureAsync(WarmUpInstances, 0, 1, stderr, ct);
            foreach (var one in parsed.GetValue(chart) is null ? [size] : Sizes(size))
            {
                var comparison = await MeasureAsync(one, parsed.GetValue(latency), parsed.GetValue(runs), stderr, ct);
                comparisons.Add(comparison);
                await stdout.WriteLineAsync(
                    isJson
                        ? JsonSerializer.Serialize(comparison.Json(), JsonSerializerOptions.Web)
                        : comparison.Text());
            }

            if (parsed.GetValue(chart) is { } path) await File.WriteAllTextAsync(path, Chart.Svg(comparisons), ct);
            var slow = comparisons[^1].SlowerThan(parsed.GetValue(atLeast)).ToList();
            foreach (var sentence in slow) await stderr.WriteLineAsync(sentence);
            return slow.Count == 0 ? 0 : 1;
        });
        return command;
    }

    private static IEnumerable<int> Sizes(int largest) =>
        Enumerable.Range(0, 7).Select(n => (int)(largest / Math.Pow(10, n))).Where(size => size >= 1000).Reverse();

    private static async Task<Comparison> MeasureAsync(
        int instances, int latencyMs, int runs, TextWriter story, CancellationToken ct)
    {
        var comparison = new Comparison(instances, latencyMs);
        using var run = new CompareRun(instances, latencyMs);
        for (var n = 1; n <= runs; n++)
        {
            await run.RunAsync(comparison, ct);
            await story.WriteLineAsync($"{instances:N0} instances: run {n} of {runs} done");
        }

        return comparison;
    }
}
