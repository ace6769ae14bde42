namespace Nstance.Temporal.Simulation.Cloud;

/// <summary>What a launch asks for.</summary>
internal sealed record LaunchSpec
{
    public int Count { get; init; } = 1;

    public string Zone { get; init; } = "us-west-2a";

    public bool TerminationProtected { get; init; }

    public bool StopProtected { get; init; }

    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();
}
