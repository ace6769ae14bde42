using System.CommandLine;
using System.Text.Json;
using Nstance.Temporal.Benchmarks.Fleet;
using Nstance.Temporal.Simulation;
using Nstance.Temporal.Simulation.Fleet;
using Nstance.Temporal.Simulation.Nstance;

namespace Nstance.Temporal.Benchmarks.Compare;

/// <summary>Measures each phase by each method in turn, on a copy of one file. It fails on a wrong count.</summary>
internal sealed class CompareRun(Comparison comparison, string template)
{
    private const int WarmUpInstances = 2000;
    private const int MinCharted = 1000;
    private const int Heartbeats = 200_000;

    private readonly MeasuredFleet _fleet =
        new(comparison.Instances, new("bench", "us-west-2a", "bench"), DateTimeOffset.UtcNow);

    public static Command Create(TextWriter stdout, TextWriter stderr)
    {
        var instances = Arguments.Number("--instances", "size of the fleet", 100_000, 200, 2_000_000);
        var latency = Arguments.Number("--latency", "milliseconds of each call to cloud or bucket", 0, 0, 10_000);
        var runs = Arguments.Number("--runs", "how often all is measured; figures are medians", 3, 1, 100);
        var atLeast = Arguments.Number(
            "--at-least",
            "fail unless ours is that many times faster than the original in each row, without the time of calls that "
            + "ours makes and the original does not", 0, 0, 100);
        var original = Arguments.Number(
            "--original-up-to", "largest fleet on which the original's method is run too", 100_000, 0, 2_000_000);
        var chart = Arguments.Optional(
            "--chart", "write an SVG of time over instances to this file: up to --instances, in steps of ten");
        var output = Arguments.Output();
        var command = new Command("compare", "the original's method, ours, and the floor: each phase, side by side")
        {
            instances, latency, runs, atLeast, original, chart, output,
        };
        command.SetAction(async (parsed, ct) =>
        {
            await RunAsync(new(WarmUpInstances, 0), 1);
            var sizes = new Stack<int>([parsed.GetValue(instances)]);
            while (parsed.GetValue(chart) is not null && sizes.Peek() / 10 >= MinCharted) sizes.Push(sizes.Peek() / 10);
            var comparisons = sizes.Select(size => new Comparison(size, parsed.GetValue(latency))).ToList();
            foreach (var comparison in comparisons)
            {
                await RunAsync(comparison, parsed.GetValue(runs));
                await stdout.WriteLineAsync(parsed.GetValue(output) == "json"
                    ? JsonSerializer.Serialize(comparison.Json(), JsonSerializerOptions.Web) : comparison.Text());
            }

            if (parsed.GetValue(chart) is { } path) await File.WriteAllTextAsync(path, Chart.Svg(comparisons), ct);
            var slow = comparisons[^1].SlowerThan(parsed.GetValue(atLeast)).ToList();
            foreach (var sentence in slow) await stderr.WriteLineAsync(sentence);
            return slow.Count == 0 ? 0 : 1;

            async Task RunAsync(Comparison comparison, int times)
            {
                using var folder = new TempFolder("nstance-compare-");
                var run = new CompareRun(comparison, Path.Combine(folder.Path, "template.db"));
                for (var n = 1; n <= times; n++)
                {
                    await run.RunAsync(withOriginal: comparison.Instances <= parsed.GetValue(original), ct);
                    await stderr.WriteLineAsync($"{comparison.Instances:N0} instances: run {n} of {times} done");
                }
            }
        });
        return command;
    }

    private async Task RunAsync(bool withOriginal, CancellationToken ct)
    {
        if (!File.Exists(template))
        {
            using var database = new NstanceDatabase(template, NstanceGeneration.V2);
            database.Insert([.. _fleet.Members.OrderBy(member => member.IssuedAt).Select(_fleet.Row)]);
            database.Run("PRAGMA wal_checkpoint(TRUNCATE)");
        }

        foreach (var name in Comparison.Methods.Skip(withOriginal ? 0 : 1))
        {
            ct.ThrowIfCancellationRequested();
            _fleet.Reset();
            using var folder = new TempFolder("nstance-compare-");
            var path = Path.Combine(folder.Path, "server.db");
            File.Copy(template, path);
            await MeasureAsync(name, path);
            if (name == Comparison.Ours && withOriginal) await CostToNstanceAsync(path);
        }
    }

    private async Task MeasureAsync(string name, string path)
    {
        var calls = new Calls(TimeSpan.FromMilliseconds(comparison.LatencyMs));
        // nstance's connection stays open as long as its server runs: no other one is the last to close.
        using var server = ServerFile.Open(path);
        using IMethod method = name switch
        {
            Comparison.Original => new OriginalMethod(_fleet, calls, path),
            Comparison.Ours => new OurMethod(_fleet, calls, path),
            _ => new FloorMethod(_fleet, calls, path),
        };
        await method.RunAsync(Phase.Begin);
        await method.RunAsync(Phase.Sync);
        // The original rewrites every row anyway.
        if (name != Comparison.Original) server.Run("UPDATE gc_machines SET status = 'pending'");
        var gone = new[] { Scenario.NeverRegisters, Scenario.Stopped, Scenario.PreInsertOnly }.Sum(_fleet.Count);
        await TimeAsync("sync, all changed", _fleet.Machines.Length, Phase.Sync);
        await TimeAsync("sync, nothing changed", _fleet.Machines.Length, Phase.Sync);
        await TimeAsync("collection", gone, Phase.Collect);
        await TimeAsync("health", _fleet.Count(Scenario.FallsSilent), Phase.Health);
        await TimeAsync("purge", _fleet.Count(Scenario.Expired), Phase.Purge);
        server.Run("UPDATE instances SET health_at = $0 WHERE health_at IS NOT NULL", _fleet.AsOf);
        await TimeAsync("quiet cycle without sync", 0, Phase.Collect, Phase.Health, Phase.Purge);
        await TimeAsync("rebuild", _fleet.Recorded().Count(), Phase.Rebuild);

        Task TimeAsync(string row, int expected, params Phase[] phases) =>
            comparison.TimeAsync(row, name, expected, calls, async () =>
            {
                var count = 0;
                foreach (var phase in phases) count += await method.RunAsync(phase);
                return count;
            });
    }

    private async Task CostToNstanceAsync(string shared)
    {
        var bare = shared + ".bare";
        File.Copy(template, bare);
        var none = new Calls(TimeSpan.Zero);
        foreach (var (column, path) in new[] { (Comparison.Without, bare), (Comparison.With, shared) })
        {
            using var file = ServerFile.Open(path);
            var random = new Random(7);
            await comparison.TimeAsync($"{Heartbeats:N0} heartbeats", column, Heartbeats, none, () =>
                Task.FromResult(Enumerable.Range(0, Heartbeats).Count(_ => file.Run(
                    "UPDATE instances SET health_at = $1 WHERE id = $0",
                    _fleet.Members[random.Next(_fleet.Members.Length)].Id, _fleet.AsOf) <= 1)));
            await comparison.TimeAsync("rebuild at an election", column, _fleet.Recorded().Count(), none, () =>
                Task.FromResult(OriginalMethod.Rebuild(_fleet, none, file)));
        }
    }
}
