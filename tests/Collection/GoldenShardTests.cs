using Amazon.Runtime;
using Microsoft.Data.Sqlite;
using Nstance.Temporal.Activities.Cloud;
using Nstance.Temporal.Activities.Collection;
using Nstance.Temporal.Tests.Support;
using Nstance.Temporal.Workflows.Contracts;

namespace Nstance.Temporal.Tests.Collection;

/// <summary>
/// The golden shard again, through the real AWS clients over HTTP: what ended, by the cloud's own truth; what went, by the bucket's.
/// </summary>
public class GoldenShardTests
{
    [Fact]
    public async Task Cycle_ThroughRealClients_DoesExactlyWhatIsExpected()
    {
        await using var golden = await FixtureShard.StartAsync();
        var objects = golden.Cloud.S3.Keys(FixtureShard.Bucket, "")
            .ToDictionary(key => key, key => golden.Cloud.S3.Get(FixtureShard.Bucket, key)!.Body);
        var machines = golden.Cloud.Ec2.All().ToDictionary(m => m.Id);
        var events = new FakeEventSink();

        await CycleAsync(golden, events);

        var terminate = golden.Cases("terminate");
        Assert.Equal(
            terminate.Select(c => c.Provider).Order(),
            golden.Cloud.Ec2.All().Where(m => m.EndedBy is not null && machines[m.Id].EndedBy is null).Select(m => m.Id).Order());
        Assert.All(golden.Cloud.Ec2.All().Where(m => m.EndedBy is null), m => Assert.Equal(machines[m.Id].State, m.State));

        var gone = terminate.Concat(golden.Cases("cleanWithoutTerminate")).Concat(golden.Cases("purge"))
            .Select(c => c.Key).OfType<string>();
        var left = golden.Cloud.S3.Keys(FixtureShard.Bucket, "").Where(key => !key.Contains("/gc/audit/")).ToArray();
        Assert.Equal(gone.Order(), objects.Keys.Except(left).Order());
        Assert.All(left, key => Assert.Equal(objects[key], golden.Cloud.S3.Get(FixtureShard.Bucket, key)!.Body));
        Assert.Equal(
            golden.Cases("check").Select(c => c.Instance).Order(),
            events.Events.Where(e => e.Type == ReconcileEventType.CheckInstance).Select(e => e.InstanceId).Order());

        Assert.Empty(Query(golden, "SELECT id FROM instances").Intersect(golden.Cases("purge").Select(c => c.Instance)));
        var deleted = Query(golden, "SELECT id FROM instances WHERE deleted_at IS NOT NULL");
        Assert.Empty(golden.Cases("keep").Where(c => c.Case != "deleted-within-retention")
            .Concat(golden.Cases("spare")).Concat(golden.Cases("check")).Select(c => c.Instance).Intersect(deleted));
        Assert.Empty(golden.Cases("markDeleted").Select(c => c.Instance).Except(deleted));
        // Rows with children are purged whole, and nobody else's children are touched: the fixture has no others.
        Assert.Empty(Query(golden, "SELECT instance_id FROM public_keys UNION ALL SELECT instance_id FROM lb_instances"));
    }

    private static async Task CycleAsync(FixtureShard golden, FakeEventSink events)
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
        };
        var activities = new GcActivities(databases, connections, _ => events);
        var acquired = await activities.AcquireShardAsync(new AcquireShardInput(golden.Shard, golden.AsOf));
        var input = new PhaseInput(golden.Shard, golden.AsOf, acquired.Timings) { Limits = TerminationLimits.Off };
        await activities.SyncProviderAsync(input);
        await activities.CollectAsync(input);
        await activities.ScanHealthAsync(input);
        await activities.PurgeRecordsAsync(input);
    }

    private static HashSet<string> Query(FixtureShard golden, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={golden.DatabasePath};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var values = new HashSet<string>(StringComparer.Ordinal);
        while (reader.Read()) values.Add(reader.GetString(0));
        return values;
    }
}
