using Nstance.Temporal.Simulation.Nstance;

namespace Nstance.Temporal.Simulation.Demo;

/// <summary>What the demo is asked for.</summary>
internal sealed record DemoOptions
{
    public const string Embedded = "embedded";
    public const string Dev = "dev";

    public required int Instances { get; init; }

    public required int Cycles { get; init; }

    public required int Seed { get; init; }

    /// <summary><see cref="Embedded"/>, <see cref="Dev"/>, or HOST:PORT.</summary>
    public required string Server { get; init; }

    /// <summary>The generation of nstance that shares its database.</summary>
    public required NstanceGeneration Nstance { get; init; }

    public required bool Json { get; init; }

    /// <summary>File to which the output is written as an SVG too; null: none.</summary>
    public string? Picture { get; init; }
}
