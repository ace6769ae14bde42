using Amazon.Runtime;
using Nstance.Temporal.Activities;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Shards;

/// <summary>
/// Two whole shards, of nstance v1 and v2, collected once through the real AWS clients over HTTP: exactly what their
/// expected.json says, by the cloud's own truth, the bucket's, and a dump of nstance's tables.
/// </summary>
public sealed class GoldenShardTests
{
    private static readonly string[] Marked = ["deleted_at", "updated_at"];

    [Theory]
    [InlineData("shard-1")]
    [InlineData("shard-2")]
    public async Task Cycle_Enforcing_DoesExactlyWhatIsExpected(string fixture)
    {
        await using var golden = await StartAsync(fixture);
        var objects = Objects(golden);
        var machines = golden.Cloud.Ec2.All().ToDictionary(m => m.Id);
        var before = NstanceTables.Dump(golden.DatabasePath);
        var events = new FakeEventSink();

        await CycleAsync(golden, events, dryRun: false);

        var terminate = golden.Cases("terminate");
        Assert.Equal(
            terminate.Select(c => c.Provider).Order(),
            golden.Cloud.Ec2.All().Where(m => m.EndedBy is not null && machines[m.Id].EndedBy is null).Select(m => m.Id).Order());
        Assert.All(golden.Cloud.Ec2.All().Where(m => m.EndedBy is null), m => Assert.Equal(machines[m.Id].State, m.State));

        var gone = terminate.Concat(golden.Cases("cleanWithoutTerminate")).Concat(golden.Cases("purge")).Select(c => c.Key).OfType<string>();
        var left = Objects(golden);
        Assert.Equal(gone.Order(), objects.Keys.Except(left.Keys).Order());
        Assert.All(left, o => Assert.Equal(objects[o.Key], o.Value));
        Assert.Equal(
            golden.Cases("check").Select(c => c.Instance).Order(),
            events.Events.Where(e => e.Type == ReconcileEventType.CheckInstance).Select(e => e.InstanceId).Order());
        Assert.Equal(
            terminate.Where(c => c.Key is not null).Concat(golden.Cases("cleanWithoutTerminate")).Select(c => $"{c.Tenant}/{c.Group}").Distinct().Order(),
            events.Events.Where(e => e.Type == ReconcileEventType.GroupChanged).Select(e => $"{e.Tenant}/{e.Group}").Distinct().Order());
        AssertTables(golden, before, NstanceTables.Dump(golden.DatabasePath));
    }

    [Theory]
    [InlineData("shard-1")]
    [InlineData("shard-2")]
    public async Task Cycle_DryRun_LeavesEverythingAsItWas(string fixture)
    {
        await using var golden = await StartAsync(fixture);
        var objects = Objects(golden);
        var machines = golden.Cloud.Ec2.All();
        var before = NstanceTables.Dump(golden.DatabasePath);
        var events = new FakeEventSink();

        for (var cycle = 0; cycle < 2; cycle++) await CycleAsync(golden, events, dryRun: true);

        NstanceTables.AssertSame(before, NstanceTables.Dump(golden.DatabasePath));
        Assert.Equal(machines.Select(m => (m.Id, m.State)), golden.Cloud.Ec2.All().Select(m => (m.Id, m.State)));
        Assert.Equal(objects.Keys.Order(), Objects(golden).Keys.Order());
        Assert.Empty(events.Events);
    }

    /// <summary>Rows of terminated, cleaned and gone instances differ in their mark; purged rows are gone; backfilled rows are new.</summary>
    private static void AssertTables(FixtureShard golden, NstanceTables before, NstanceTables after)
    {
        static string Literal(string? id) => $"'{id}'";
        var backfilled = golden.Cases("backfill");
        var purged = golden.Cases("purge").Select(c => Literal(c.Instance)).ToHashSet();
        var marked = golden.Cases("terminate").Concat(golden.Cases("cleanWithoutTerminate")).Concat(golden.Cases("markDeleted"))
            .Select(c => Literal(c.Instance)).Where(before.Instances.ContainsKey).ToHashSet();

        Assert.Equal(
            marked.Concat(purged).Concat(backfilled.Select(c => Literal(c.Instance))).Order(StringComparer.Ordinal), after.Differs(before));
        Assert.All(marked, id => Assert.Equal(Marked, after.Changes(id, before)!.Order(StringComparer.Ordinal)));
        Assert.All(purged, id => Assert.False(after.Instances.ContainsKey(id)));
        foreach (var c in backfilled)
        {
            var row = after.Instances[Literal(c.Instance)];
            Assert.Equal((Literal(c.Tenant), Literal(c.Group), Literal(c.Provider)), (row["tenant"], row["group_key"], row["provider_id"]));
            Assert.StartsWith("X'", row["provider_state"], StringComparison.Ordinal);
            Assert.NotEqual("NULL", row["registered_at"]);
            Assert.NotEqual("NULL", row["infra_config_hash"]);
        }

        // Children of purged rows go with them, and no others.
        Assert.Equal(
            before.Others.Where(row => !purged.Any(id => row.Contains(id, StringComparison.Ordinal))), after.Others);
        Assert.Equal(before.Schema, after.Schema);
    }

    /// <summary>The shard with a leader that is alive: the fixture's own is not one.</summary>
    private static async Task<FixtureShard> StartAsync(string fixture)
    {
        var golden = await FixtureShard.StartAsync(fixture);
        golden.Cloud.S3.Put(FixtureShard.Bucket, $"shard/{golden.Shard.Shard}/leader.json", LeaderFile.Alive());
        return golden;
    }

    private static Dictionary<string, byte[]> Objects(FixtureShard golden) => golden.Cloud.S3.Keys(FixtureShard.Bucket, "")
        .Where(key => !key.Contains("/gc/audit/", StringComparison.Ordinal))
        .ToDictionary(key => key, key => golden.Cloud.S3.Get(FixtureShard.Bucket, key)!.Body);

    private static async Task CycleAsync(FixtureShard golden, FakeEventSink events, bool dryRun)
    {
        using var connections = new AwsConnections(new AwsSettings
        {
            Region = "us-west-2",
            Ec2Endpoint = golden.Cloud.Ec2Url,
            S3Endpoint = golden.Cloud.S3Url,
            Credentials = new BasicAWSCredentials("test", "test"),
        });
        var databases = new ShardDatabases
        {
            HostName = "host",
            DataDirectory = Path.GetDirectoryName(golden.DatabasePath)!,
            SharedDatabasePath = golden.DatabasePath,
            NstanceServerId = LeaderFile.Id,
        };
        var activities = new GcActivities(databases, connections, _ => events);
        var acquired = await activities.AcquireShardAsync(new AcquireShardInput(golden.Shard, golden.AsOf));
        var input = new PhaseInput(golden.Shard, golden.AsOf, acquired.Timings) { Limits = TerminationLimits.Off, DryRun = dryRun };
        await activities.SyncProviderAsync(input);
        await activities.CollectAsync(input);
        await activities.ScanHealthAsync(input);
        await activities.PurgeRecordsAsync(input);
    }
}
