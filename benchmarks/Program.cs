using System.CommandLine;
using Nstance.Temporal.Benchmarks.Compare;
using Nstance.Temporal.Benchmarks.Shards;
using Nstance.Temporal.Benchmarks.TestServer;
using Nstance.Temporal.Simulation;

// Progress goes to stderr, the figures to stdout, last.
var root = new RootCommand("Measures nstance-gc. Figures are for reading: no test asserts them.")
{
    CompareRun.Create(Console.Out, Console.Error),
    ShardsRun.Create(Console.Out, Console.Error),
    TestServerRun.Create(Console.Out, Console.Error),
};
return await Arguments.InvokeAsync(root, "benchmarks", args, Console.Out, Console.Error, "--help lists all options");
