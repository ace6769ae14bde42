using System.CommandLine;
using Nstance.Temporal.Benchmarks.Cycle;
using Nstance.Temporal.Benchmarks.Shards;
using Nstance.Temporal.Benchmarks.Start;
using Nstance.Temporal.Benchmarks.TestServer;

namespace Nstance.Temporal.Benchmarks.Commands;

/// <summary>The command line of the benchmarks: one subcommand for each thing that is measured, each in a room of its own.</summary>
internal static class BenchmarkCommand
{
    public static async Task<int> InvokeAsync(string[] args, TextWriter stdout, TextWriter stderr)
    {
        var root = new RootCommand("Measures nstance-gc. Figures are for reading: no test asserts them.");
        foreach (var command in Commands(stdout, stderr)) root.Add(command);
        var parse = root.Parse(args);
        if (parse.Errors.Count == 0)
            return await parse.InvokeAsync(new InvocationConfiguration { Output = stdout, Error = stderr });
        foreach (var error in parse.Errors.Select(e => e.Message).Distinct(StringComparer.Ordinal))
            await stderr.WriteLineAsync($"benchmarks: {error}");
        await stderr.WriteLineAsync("benchmarks: --help lists the commands and their options");
        return 2;
    }

    // Each room makes its own command: add a line here. Stories go to stderr, the one JSON object to stdout, last.
    private static IEnumerable<Command> Commands(TextWriter stdout, TextWriter stderr)
    {
        yield return CycleCommand.Create(stdout, stderr);
        yield return ShardsCommand.Create(stdout, stderr);
        yield return TemporalCommand.Create(stdout);
        yield return StartCommand.Create(stdout, stderr);
        yield return TestServerCommand.Create(stdout, stderr);
    }
}
