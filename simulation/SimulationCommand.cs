using Nstance.Temporal.Simulation.Chaos;
using Nstance.Temporal.Simulation.Demo;
using Nstance.Temporal.Simulation.Soak;

namespace Nstance.Temporal.Simulation;

/// <summary>The command line: the demo, and the commands beside it.</summary>
internal static class SimulationCommand
{
    /// <summary>Runs one command.</summary>
    /// <returns>The command's exit code; 2 for bad arguments.</returns>
    public static Task<int> InvokeAsync(
        string[] args, TextWriter stdout, TextWriter stderr, CancellationToken ct = default)
    {
        var root = DemoCommand.Make(stdout, stderr);
        root.Add(ChaosCommand.Make(stdout, stderr));
        root.Add(SoakRun.Make(stdout, stderr));
        root.Add(CloudCommand.Make(stdout, stderr));
        return Arguments.InvokeAsync(root, "demo", args, stdout, stderr, hint: "--help lists the options", ct);
    }
}
