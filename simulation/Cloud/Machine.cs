namespace Nstance.Temporal.Simulation.Cloud;

/// <summary>EC2's states; the numbers are EC2's codes.</summary>
internal enum MachineState
{
    Pending = 0,
    Running = 16,
    ShuttingDown = 32,
    Terminated = 48,
    Stopping = 64,
    Stopped = 80,
}

/// <summary>One instance as it really is at an instant. Immutable: a change makes another.</summary>
internal sealed record Machine(string Id, DateTimeOffset LaunchedAt, MachineState State, DateTimeOffset StateSince)
{
    public string Zone { get; init; } = "us-west-2a";

    public string InstanceType { get; init; } = "t3.micro";

    public string ImageId { get; init; } = "ami-0123456789abcdef0";

    public string VpcId { get; init; } = "vpc-0123456789abcdef0";

    public string SubnetId { get; init; } = "subnet-0123456789abcdef0";

    public string PrivateIp { get; init; } = "10.0.0.1";

    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();

    public bool TerminationProtected { get; init; }

    /// <summary>When someone asked for its end; null while it lives.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Who asked for its end: an access key, or what the simulation says.</summary>
    public string? EndedBy { get; init; }

    public bool Alive => State is not (MachineState.ShuttingDown or MachineState.Terminated);

    public string StateName => State.ToName();

    public string PrivateDnsName => $"ip-{PrivateIp.Replace('.', '-')}.internal";
}

internal static class MachineStates
{
    public static string ToName(this MachineState state) => state switch
    {
        MachineState.Pending => "pending",
        MachineState.Running => "running",
        MachineState.ShuttingDown => "shutting-down",
        MachineState.Terminated => "terminated",
        MachineState.Stopping => "stopping",
        MachineState.Stopped => "stopped",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, "not a state of EC2"),
    };

    public static MachineState Parse(string name) =>
        Enum.GetValues<MachineState>().FirstOrDefault(s => s.ToName() == name, (MachineState)(-1)) is var state
        && (int)state >= 0 ? state : throw new ArgumentException($"'{name}' is not a state of EC2", nameof(name));
}
