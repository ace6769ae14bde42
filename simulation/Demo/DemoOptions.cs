using Nstance.Temporal.Simulation.Nstance;

namespace Nstance.Temporal.Simulation.Demo;

/// <summary>What the demo is asked for.</summary>
internal sealed record DemoOptions
{
    public const string Embedded = "embedded";
    public const string Dev = "dev";

    public int Instances { get; init; } = 200;

    public int Cycles { get; init; } = 4;

    public int Seed { get; init; } = 1;

    /// <summary><see cref="Embedded"/>, <see cref="Dev"/>, or HOST:PORT.</summary>
    public string Server { get; init; } = Embedded;

    /// <summary>The generation of nstance that shares its database.</summary>
    public NstanceGeneration Nstance { get; init; } = NstanceGeneration.V2;

    public bool Json { get; init; }
}
