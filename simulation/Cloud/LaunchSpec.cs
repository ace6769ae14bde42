namespace Nstance.Temporal.Simulation.Cloud;

/// <summary>What a launch asks for.</summary>
internal sealed record LaunchSpec
{
    public int Count { get; init; } = 1;

    public string Zone { get; init; } = "us-west-2a";

    public string InstanceType { get; init; } = "t3.micro";

    public string ImageId { get; init; } = "ami-0123456789abcdef0";

    public string SubnetId { get; init; } = "subnet-0123456789abcdef0";

    public bool TerminationProtected { get; init; }

    public bool StopProtected { get; init; }

    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();
}
