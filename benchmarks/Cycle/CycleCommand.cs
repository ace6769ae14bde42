using System.CommandLine;
using Nstance.Temporal.Simulation;

namespace Nstance.Temporal.Benchmarks.Cycle;

/// <summary>One shard's phases, measured at the activities: the ports in memory, the database a file.</summary>
internal static class CycleCommand
{
    public static Command Create(TextWriter stdout, TextWriter stderr)
    {
        var instances = Arguments.Number("--instances", "size of the fleet", 100_000, 200, 2_000_000);
        var latency = Arguments.Number(
            "--latency", "milliseconds that each call to cloud or bucket takes", 0, 0, 10_000);
        var runs = Arguments.Number("--runs", "how often all is measured; figures are medians", 5, 1, 100);
        var warmUp = Arguments.Number("--warm-up", "how often all runs before, to compile the code", 2, 0, 100);
        var output = Arguments.Output();
        var command = new Command("cycle", "sync, collection, quiet cycle and rebuild of one shard")
        {
            instances, latency, warmUp, runs, output,
        };
        command.SetAction((parsed, ct) => new CycleRun(
                parsed.GetValue(instances), parsed.GetValue(latency), parsed.GetValue(warmUp), parsed.GetValue(runs),
                stderr)
            .RunAsync(stdout, parsed.GetValue(output) == "json", ct));
        return command;
    }
}
