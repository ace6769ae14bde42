using System.CommandLine;
using Nstance.Temporal.Benchmarks.Measuring;
using Nstance.Temporal.Simulation;

namespace Nstance.Temporal.Benchmarks.TestServer;

/// <summary>The test server as a test meets it: server, client and worker in one process, over loopback.</summary>
internal static class TestServerCommand
{
    public static Command Create(TextWriter stdout, TextWriter stderr)
    {
        var realTime = string.Join(" and ", TestServerRun.RealTimeNames);
        var only = new Option<string[]>("--only")
        {
            Description = "figures to measure, all when not given: " + string.Join(", ", TestServerRun.Names),
            AllowMultipleArgumentsPerToken = true,
        };
        only.AcceptOnlyFromAmong(TestServerRun.Names);
        var runs = Arguments.Number("--runs", "how often the short figures are measured, for medians", 5, 1, 100);
        var executable = new Option<FileInfo>("--executable")
        {
            Description = "path of the testserver executable: measures it as a process of its own, with its own costs",
        }.AcceptExistingOnly();
        var address = new Option<string>("--address")
        {
            Description = $"HOST:PORT of another Temporal server that runs, namespace default, to compare: {realTime}",
        };
        var output = Arguments.Output();
        var command = new Command("testserver", "start, throughput and skipped time of the test server")
        {
            only, runs, executable, address, output,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(address) is null) return;
            if (result.GetValue(executable) is not null)
                result.AddError("--address and --executable exclude each other");
            foreach (var name in (result.GetValue(only) ?? []).Except(TestServerRun.RealTimeNames))
                result.AddError($"--only {name}: with --address only {realTime}: the others skip time");
        });
        command.SetAction(async (parsed, ct) =>
        {
            var figures = new Figures();
            var run = new TestServerRun(
                parsed.GetValue(runs), parsed.GetValue(executable)?.FullName, parsed.GetValue(address), (name, value) =>
                {
                    figures.Add(name, value);
                    stderr.WriteLine($"{name,-24} {value:0.00}");
                });
            var all = parsed.GetValue(address) is null ? TestServerRun.Names : TestServerRun.RealTimeNames;
            await run.RunAsync(parsed.GetValue(only) is { Length: > 0 } some ? some : all, ct);
            await figures.WriteAsync(stdout, parsed.GetValue(output) == "json");
        });
        return command;
    }
}
