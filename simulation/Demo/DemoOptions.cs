using Nstance.Temporal.Simulation.Nstance;

namespace Nstance.Temporal.Simulation.Demo;

/// <summary>What the demo is asked for. The server is one of the two words, or HOST:PORT.</summary>
internal sealed record DemoOptions(int Instances, int Cycles, int Seed, string Server, NstanceGeneration Nstance)
{
    public const string Embedded = "embedded";
    public const string Dev = "dev";
}
