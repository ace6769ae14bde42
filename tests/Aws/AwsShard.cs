using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Aws;

/// <summary>A shard at the simulated cloud, and its machines.</summary>
internal static class AwsShard
{
    public static readonly ShardRef Ref = new("prod-eu", "us-west-2a", "bucket");

    public static readonly Dictionary<string, string> Tags = new(StringComparer.Ordinal)
    {
        [CloudTags.Managed] = "true",
        [CloudTags.ClusterId] = Ref.Cluster,
        [CloudTags.Shard] = Ref.Shard,
    };

    public static ICloud Ec2(IConnections connections) => connections.Cloud(null, RealClients.Timeout);

    /// <summary>Launches own machines; returns their provider ids.</summary>
    public static string[] Launch(
        this SimulatedCloud cloud, int count, bool isProtected = false, bool isStopProtected = false)
    {
        var spec = new LaunchSpec
        {
            Count = count,
            Tags = Tags,
            TerminationProtected = isProtected,
            StopProtected = isStopProtected,
        };
        return Launch(cloud, spec);
    }

    /// <summary>Launches machines of another shard of the cluster.</summary>
    public static void LaunchForeign(this SimulatedCloud cloud, int count)
    {
        var tags = new Dictionary<string, string>(Tags) { [CloudTags.Shard] = "b" };
        Launch(cloud, new LaunchSpec { Count = count, Tags = tags });
    }

    private static string[] Launch(SimulatedCloud cloud, LaunchSpec spec) =>
        [.. cloud.Ec2.Launch(spec).Select(machine => machine.Id)];
}
