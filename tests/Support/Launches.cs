using System.Runtime.CompilerServices;
using Nstance.Temporal.Simulation.Cloud;

namespace Nstance.Temporal.Tests.Support;

/// <summary>What a launch asks for.</summary>
internal sealed record LaunchSpec
{
    public int Count { get; init; } = 1;

    public string Zone { get; init; } = "us-west-2a";

    public bool TerminationProtected { get; init; }

    public bool StopProtected { get; init; }

    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();
}

/// <summary>Launches at the simulated EC2: pending at first. The same ids for each new cloud.</summary>
internal static class Launches
{
    private static readonly ConditionalWeakTable<Ec2Truth, Random> Ids = [];

    public static IReadOnlyList<Machine> Launch(this Ec2Truth truth, LaunchSpec spec) =>
        [.. Enumerable.Range(0, spec.Count).Select(_ => Launch(truth, spec, Ids.GetValue(truth, _ => new(1))))];

    private static Machine Launch(Ec2Truth truth, LaunchSpec spec, Random random)
    {
        var address = random.Next(1 << 24);
        var machine = new Machine($"i-0{random.NextInt64():x16}", truth.Now, MachineState.Pending, truth.Now)
        {
            Zone = spec.Zone,
            TerminationProtected = spec.TerminationProtected,
            StopProtected = spec.StopProtected,
            Tags = new SortedDictionary<string, string>(spec.Tags.ToDictionary(), StringComparer.Ordinal),
            PrivateIp = $"10.{address >> 16}.{(address >> 8) & 255}.{address & 255}",
        };
        truth.Put(machine);
        return machine;
    }
}
