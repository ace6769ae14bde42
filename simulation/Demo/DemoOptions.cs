using Nstance.Temporal.Simulation.Nstance;

namespace Nstance.Temporal.Simulation.Demo;

/// <summary>What the demo is asked for.</summary>
/// <param name="Instances">Size of the fleet.</param>
/// <param name="Cycles">Cycles to run.</param>
/// <param name="Seed">Of the fleet.</param>
/// <param name="Server"><see cref="Embedded"/>, <see cref="Dev"/>, or HOST:PORT.</param>
/// <param name="Nstance">The generation of nstance that shares its database.</param>
internal sealed record DemoOptions(int Instances, int Cycles, int Seed, string Server, NstanceGeneration Nstance)
{
    public const string Embedded = "embedded";
    public const string Dev = "dev";
}
