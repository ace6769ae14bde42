using System.Text.Json;
using Microsoft.Data.Sqlite;
using Nstance.Temporal.Activities.Audit;
using Nstance.Temporal.Activities.Cloud;
using Nstance.Temporal.Activities.Collection;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Records;
using Nstance.Temporal.Tests.Support;
using Nstance.Temporal.Workflows.Contracts;

namespace Nstance.Temporal.Tests.Collection;

/// <summary>The whole shard of Fixtures/shard-1, collected once: exactly expected.json, and nothing else changed.</summary>
public sealed class FixtureShardTests : IDisposable
{
    private static readonly string Fixture = Path.Combine(AppContext.BaseDirectory, "Fixtures", "shard-1");
    private static readonly DateTimeOffset AsOf = new(2026, 11, 23, 18, 40, 0, TimeSpan.Zero);
    private static readonly ShardRef Shard = new("prod-eu", "us-west-2a", "bucket");

    // What the sync owns (fixtures/README.md): the rest of a row that stays must stay too.
    private static readonly string[] OwnedBySync =
        ["provider_id", "provider_at", "provider_state", "hostname", "ip4", "ip6", "updated_at", "registered_at"];

    private readonly string _folder = Directory.CreateTempSubdirectory("nstance-gc-fixture-").FullName;
    private readonly FakeCloud _cloud = new();
    private readonly FakeRecordStore _records = new();
    private readonly FakeAuditStore _audit = new();
    private readonly FakeEventSink _events = new();
    private readonly JsonElement _expected = Json("expected.json");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Cycle_WholeShard_DoesExactlyWhatIsExpected()
    {
        Load();
        var (rowsBefore, objectsBefore, cloudBefore) = (Rows(), _records.Objects.ToDictionary(), _cloud.Instances.ToDictionary());

        await CycleAsync();

        var rows = Rows();
        var removedKeys = Keys("terminate").Concat(Keys("cleanWithoutTerminate")).Concat(Keys("purge")).Order().ToArray();
        Assert.Equal(Providers("terminate").Order(), _cloud.EndCalls.Distinct().Order());
        Assert.Equal(removedKeys, objectsBefore.Keys.Except(_records.Objects.Keys).Order());
        Assert.All(_records.Objects, o => Assert.Equal(objectsBefore[o.Key], o.Value));
        Assert.All(cloudBefore.Keys.Except(Providers("terminate")), id => Assert.Same(cloudBefore[id], _cloud.Instances[id]));
        Assert.All(Ids("purge"), id => Assert.False(rows.ContainsKey(id)));

        var marked = Ids("terminate").Concat(Ids("cleanWithoutTerminate")).Concat(Ids("markDeleted")).ToHashSet();
        var tracked = Entries("terminate").Where(e => e.Case == "own-but-no-instance-id-tag").ToArray();
        Assert.All(tracked, e => Assert.NotNull(rows[$"dangling-{e.Provider}"]["deleted_at"]));
        Assert.All(marked.Except(tracked.Select(e => e.Instance)), id => Assert.NotNull(rows[id]["deleted_at"]));
        foreach (var (id, before) in rowsBefore.Where(r => !marked.Contains(r.Key) && rows.ContainsKey(r.Key)))
        {
            foreach (var column in before.Keys.Except(OwnedBySync)) Assert.Equal(before[column], rows[id][column]);
            if (before["registered_at"] is { } registered) Assert.Equal(registered, rows[id]["registered_at"]);
        }

        foreach (var e in Entries("backfill"))
            Assert.Equal((e.Tenant, e.Group, true), (rows[e.Instance]["tenant"], rows[e.Instance]["group_key"], rows[e.Instance]["registered_at"] is not null));
        var mayAppear = Ids("backfill").Concat(Ids("terminate")).Concat(tracked.Select(e => $"dangling-{e.Provider}"))
            .Concat(Entries("keep").Where(e => e.Case == "young-orphan").Select(e => e.Instance));
        Assert.Empty(rows.Keys.Except(rowsBefore.Keys).Except(mayAppear));

        var events = _events.Events.ToArray();
        Assert.Equal(
            Ids("check").Order(),
            events.Where(e => e.Type == ReconcileEventType.CheckInstance).Select(e => e.InstanceId!).Order());
        Assert.Equal(
            Entries("terminate").Where(e => e.Key is not null).Concat(Entries("cleanWithoutTerminate"))
                .Select(e => $"{e.Tenant}/{e.Group}").Distinct().Order(),
            events.Where(e => e.Type == ReconcileEventType.GroupChanged).Select(e => $"{e.Tenant}/{e.Group}").Distinct().Order());
    }

    private static JsonElement Json(string file) =>
        JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Fixture, file))).RootElement;

    private void Load()
    {
        File.Copy(Path.Combine(Fixture, "local.db"), Path.Combine(_folder, "local.db"));
        foreach (var i in Json("cloud.json").EnumerateArray())
        {
            var (id, state) = (i.GetProperty("provider_id").GetString()!, i.GetProperty("state").GetString()!);
            var tags = i.GetProperty("tags").EnumerateObject().ToDictionary(t => t.Name, t => t.Value.GetString()!);
            _cloud.Add(new(
                id, state, InstanceStatuses.FromEc2State(state), i.GetProperty("launched_at").GetDateTimeOffset(),
                "us-west-2a", null, null, null, tags));
        }

        var bucket = Path.Combine(Fixture, "bucket");
        foreach (var path in Directory.EnumerateFiles(bucket, "*", SearchOption.AllDirectories))
            _records.Objects[Path.GetRelativePath(bucket, path).Replace('\\', '/')] = File.ReadAllBytes(path);
        _records.Config = _records.Objects["shard/us-west-2a/config.jsonc"];
    }

    private async Task CycleAsync()
    {
        var databases = new ShardDatabases
        {
            HostName = "host",
            DataDirectory = _folder,
            SharedDatabasePath = Path.Combine(_folder, "local.db"),
        };
        var activities = new GcActivities(databases, new Connections(_cloud, _records, _audit), _ => _events);
        var acquired = await activities.AcquireShardAsync(new AcquireShardInput(Shard, AsOf));
        var input = new PhaseInput(Shard, AsOf, acquired.Timings) { Limits = TerminationLimits.Off };
        await activities.SyncProviderAsync(input);
        await activities.CollectAsync(input);
        await activities.ScanHealthAsync(input);
        await activities.PurgeRecordsAsync(input);
    }

    private Dictionary<string, Dictionary<string, string?>> Rows()
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(_folder, "local.db")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT * FROM instances";
        using var reader = command.ExecuteReader();
        var rows = new Dictionary<string, Dictionary<string, string?>>();
        while (reader.Read())
        {
            rows[reader.GetString(0)] = Enumerable.Range(0, reader.FieldCount)
                .ToDictionary(reader.GetName, n => reader.IsDBNull(n) ? null : reader.GetString(n));
        }

        return rows;
    }

    private Entry[] Entries(string part) => [.. _expected.GetProperty(part).EnumerateArray().Select(e => new Entry(
        e.GetProperty("case").GetString()!, e.GetProperty("instance").GetString()!, e.GetProperty("provider").GetString()!,
        e.GetProperty("tenant").GetString()!, e.GetProperty("group").GetString()!, e.GetProperty("key").GetString()))];

    private IEnumerable<string> Ids(string part) => Entries(part).Select(e => e.Instance);

    private IEnumerable<string> Providers(string part) => Entries(part).Select(e => e.Provider);

    private IEnumerable<string> Keys(string part) => Entries(part).Select(e => e.Key).OfType<string>();

    private sealed record Entry(string Case, string Instance, string Provider, string Tenant, string Group, string? Key);

    private sealed class Connections(FakeCloud cloud, FakeRecordStore records, FakeAuditStore audit) : IConnections
    {
        public IRecordStore Records(TimeSpan requestTimeout) => records;

        public IAuditStore Audit(TimeSpan requestTimeout) => audit;

        public ICloud Cloud(string? region, TimeSpan requestTimeout) => cloud;
    }
}
