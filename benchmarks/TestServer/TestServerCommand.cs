using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Nstance.Temporal.Benchmarks.Commands;
using Nstance.Temporal.Benchmarks.Measuring;

namespace Nstance.Temporal.Benchmarks.TestServer;

/// <summary>The test server as a test meets it: server, client and worker in one process, over loopback.</summary>
internal static class TestServerCommand
{
    public static Command Create(TextWriter stdout, TextWriter stderr)
    {
        var only = new Option<string[]>("--only")
        {
            Description = "figures to measure, all when not given: " + string.Join(", ", TestServerRun.Names),
            AllowMultipleArgumentsPerToken = true,
        };
        only.Validators.Add(result =>
        {
            foreach (var unknown in result.Tokens.Select(t => t.Value).Except(TestServerRun.Names))
                result.AddError($"--only: '{unknown}' is none of {string.Join(", ", TestServerRun.Names)}");
        });
        var timers = Options.Number("--timers", "timers of the loop; 262,800 are a year of one each two minutes", 262_800, 1, 10_000_000);
        var cycles = Options.Number("--cycles", "quiet cycles of a collector; 21,600 are thirty days", 21_600, 1, 1_000_000);
        var open = Options.Number("--open", "workflows that stay open", 10_000, 1, 100_000);
        var runs = Options.Number("--runs", "how often the short figures are measured; medians are told", 5, 1, 100);
        var executable = new Option<FileInfo>("--executable")
        {
            Description = "path of the testserver executable: measures it as a process of its own, and tells what it costs apart",
        }.AcceptExistingOnly();
        var address = new Option<string>("--address")
        {
            Description = "HOST:PORT of another Temporal server that runs, namespace default, to compare with: "
                + string.Join(" and ", TestServerRun.RealTimeNames),
        };
        var output = Options.Output();
        var command = new Command("testserver", "start, throughput, skipped time and memory of the test server")
        {
            only, timers, cycles, open, runs, executable, address, output,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(address) is null) return;
            if (result.GetValue(executable) is not null) result.AddError("--address and --executable exclude each other");
            foreach (var name in (result.GetValue(only) ?? []).Except(TestServerRun.RealTimeNames))
                result.AddError($"--only {name}: with --address only {string.Join(" and ", TestServerRun.RealTimeNames)}: the others skip time");
        });
        command.SetAction(async (parsed, ct) =>
        {
            var figures = new SortedDictionary<string, Series>(StringComparer.Ordinal);
            var run = new TestServerRun(
                new(
                    parsed.GetValue(timers), parsed.GetValue(cycles), parsed.GetValue(open), parsed.GetValue(runs),
                    parsed.GetValue(executable)?.FullName, parsed.GetValue(address)),
                (name, value) =>
                {
                    if (!figures.TryGetValue(name, out var series)) figures[name] = series = new();
                    series.Add(value);
                    stderr.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-24} {value:0.00}"));
                });
            var all = parsed.GetValue(address) is null ? TestServerRun.Names : TestServerRun.RealTimeNames;
            await run.RunAsync(parsed.GetValue(only) is { Length: > 0 } some ? some : all, ct);
            if (parsed.GetValue(output) == "json")
            {
                var json = figures.ToDictionary(f => f.Key, f => (object)f.Value.Median);
                json["range"] = figures.ToDictionary(f => f.Key, f => f.Value.Range);
                await stdout.WriteLineAsync(JsonSerializer.Serialize(json, JsonSerializerOptions.Web));
                return 0;
            }
            foreach (var (name, series) in figures)
                await stdout.WriteLineAsync(string.Create(
                    CultureInfo.InvariantCulture, $"{name,-24} {series.Median}   {series.Range[0]} … {series.Range[1]}"));
            return 0;
        });
        return command;
    }
}
