using System.Text.Json;

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

    public string PrivateIp { get; init; } = "10.0.0.1";

    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();

    public bool TerminationProtected { get; init; }

    /// <summary>It can be neither stopped nor terminated.</summary>
    public bool StopProtected { get; init; }

    /// <summary>When its termination was requested; null before.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Who asked for its termination: an access key, or a name of the simulation.</summary>
    public string? EndedBy { get; init; }

    /// <summary>The machine in its state before; null: it was launched in this one.</summary>
    public Machine? Before { get; init; }

    public bool Alive => State is not (MachineState.ShuttingDown or MachineState.Terminated);

    public string StateName => State.ToName();

    public string PrivateDnsName => $"ip-{PrivateIp.Replace('.', '-')}.internal";
}

internal static class MachineStates
{
    /// <summary>Returns EC2's name of a state.</summary>
    public static string ToName(this MachineState state) => JsonNamingPolicy.KebabCaseLower.ConvertName($"{state}");

    /// <summary>Returns the state of a name that EC2 knows.</summary>
    public static MachineState Parse(string name) => Enum.GetValues<MachineState>().Single(s => s.ToName() == name);
}
