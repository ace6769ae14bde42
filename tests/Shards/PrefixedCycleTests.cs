using System.Text;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Simulation.Cloud;

namespace Nstance.Temporal.Tests.Shards;

/// <summary>
/// The same cycles with nstance's <c>--prefix</c>. A shard of the same cluster and name has its keys without a prefix,
/// in the same bucket: the collector must neither read nor change them.
/// </summary>
public sealed class PrefixedCycleTests : Ec2CycleTests
{
    private const string Decoy = "shard/us-west-2a/instance/acme.01970a1c-e31e-7422-9cd5-e9651d11cc97-knc.json";

    private SimulatedCloud? _cloud;

    private protected override ShardRef Shard { get; } = new("prod-eu", "us-west-2a", "bucket", "teams/eu");

    private protected override void Prepare(SimulatedCloud cloud)
    {
        _cloud = cloud;
        cloud.S3.Put(Shard.Bucket, "shard/us-west-2a/config.jsonc", "not read"u8.ToArray());
        cloud.S3.Put(Shard.Bucket, Decoy, Encoding.UTF8.GetBytes("not read either"));
    }

    public override async ValueTask DisposeAsync()
    {
        Assert.Equal(
            ["shard/us-west-2a/config.jsonc", Decoy],
            _cloud!.S3.Keys(Shard.Bucket, "").Where(key => !key.StartsWith("teams/eu/", StringComparison.Ordinal)));
        Assert.All(
            _cloud.S3.Keys(Shard.Bucket, AuditKey.Prefix(Shard)),
            key => Assert.StartsWith("teams/eu/shard/us-west-2a/gc/audit/", key, StringComparison.Ordinal));
        await base.DisposeAsync();
    }
}
