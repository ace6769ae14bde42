using Microsoft.Data.Sqlite;
using Nstance.Temporal.Activities.Audit;
using Nstance.Temporal.Activities.Collect;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Health;
using Nstance.Temporal.Activities.Purge;
using Nstance.Temporal.Activities.Sync;
using Nstance.Temporal.Activities.Telemetry;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Collect;

/// <summary>
/// A shard in memory with a real database: one row, one instance, one record for each name, set apart at will.
/// </summary>
internal sealed class CollectWorld : IDisposable
{
    public static readonly DateTimeOffset AsOf = new(2026, 11, 23, 18, 40, 0, TimeSpan.Zero);
    public static readonly ShardRef Shard = new("prod-eu", "us-west-2a", "bucket");

    private readonly string _folder = Directory.CreateTempSubdirectory("nstance-gc-collect-").FullName;
    private readonly SqliteConnection _raw;
    private int _made;

    public CollectWorld()
    {
        var path = Path.Combine(_folder, "local.db");
        Db = ShardDatabase.Open(path, Shard, own: true);
        Db.SetMeta(MetaKeys.SyncedAt, AsOf);
        Cloud.Now = () => Input.AsOf;
        _raw = new SqliteConnection($"Data Source={path};Pooling=False");
        _raw.Open();
    }

    public ShardDatabase Db { get; }

    public FakeCloud Cloud { get; } = new();

    public FakeRecordStore Records { get; } = new();

    public FakeAuditStore Audit { get; } = new();

    /// <summary>A clock that only a test moves.</summary>
    public StoppedClock Clock { get; } = new() { Time = () => AsOf };

    public AuditTrail Trail => new(Db, Audit, "host", Input);

    public FakeEventSink Events { get; } = new();

    public PhaseInput Input { get; set; } = new(Shard, AsOf, new ShardTimings()) { Limits = TerminationLimits.Off };

    /// <summary>
    /// An instance issued an hour ago; by default unregistered, running, with an unregistered record.
    /// </summary>
    public Made Add(
        string rowStatus = "running", InstanceStatus status = InstanceStatus.Running, bool registered = false,
        bool recordRegistered = false, TimeSpan? age = null, bool provider = true, string? protect = null,
        string group = "web", bool record = true, bool inCloud = true, string shardTag = "us-west-2a")
    {
        var issued = AsOf - (age ?? TimeSpan.FromHours(1));
        var id = InstanceIds.New(issued);
        var made = new Made(id.ToString(), $"i-{++_made:0000000000000000}", RecordKey.For(Shard, "acme", id));
        var tags = new Dictionary<string, string>
        {
            [CloudTags.Managed] = "true",
            [CloudTags.ClusterId] = Shard.Cluster,
            [CloudTags.Shard] = shardTag,
            [CloudTags.InstanceId] = made.Id,
            [CloudTags.Group] = group,
        };
        if (protect is not null) tags[CloudTags.GcProtect] = protect;
        var state = status == InstanceStatus.Deleted ? "terminated" : status.Name();
        if (inCloud) Cloud.Add(new(made.ProviderId, state, status, issued, "a", null, null, null, tags));
        if (record)
        {
            var at = recordRegistered ? $", \"registered_at\": \"{issued:yyyy-MM-ddTHH:mm:ssZ}\"" : "";
            Records.Put(made.Key, $$"""
                { "instance_id": "{{made.Id}}", "tenant": "acme", "group": "{{group}}", "status": "running",
                  "provider_instance_id": "{{(provider ? made.ProviderId : "")}}"{{at}} }
                """);
        }

        Sql("""
            INSERT INTO instances (id, tenant, group_key, provider_id, provider_state, nonce, issued_at, registered_at,
              health_at, created_at)
            VALUES ($id, 'acme', $group, $provider, $state, $id, $issued, $registered, NULL, $issued)
            """,
            ("$id", made.Id), ("$group", group), ("$provider", provider ? made.ProviderId : DBNull.Value),
            ("$state", $$"""{"status": "{{rowStatus}}"}"""), ("$issued", GoTime.Format(issued)),
            ("$registered", registered ? GoTime.Format(issued) : DBNull.Value));
        if (provider) List(made, rowStatus, issued, group);
        return made;
    }

    /// <summary>A registered instance whose agent reported some minutes ago.</summary>
    public Made AddReported(int minutes)
    {
        var made = Add(registered: true, recordRegistered: true);
        Report(made, AsOf.AddMinutes(-minutes));
        return made;
    }

    /// <summary>Writes the last report of an agent.</summary>
    public void Report(Made made, DateTimeOffset at) => Sql(
        "UPDATE instances SET health_at = $at WHERE id = $id", ("$at", GoTime.Format(at)), ("$id", made.Id));

    /// <summary>Writes a machine as the previous listing showed it.</summary>
    public void List(
        Made made, string status, DateTimeOffset launched, string? group = "web") => Sql("""
            INSERT OR REPLACE INTO gc_machines
              (provider_id, instance_id, group_key, status, launched_ms, first_seen_at)
            VALUES ($provider, $id, $group, $status, $launched, $seen)
            """,
        ("$provider", made.ProviderId), ("$id", made.Id), ("$group", group ?? (object)DBNull.Value),
        ("$status", InstanceStatuses.Parse(status).Name()), ("$launched", launched.ToUnixTimeMilliseconds()),
        ("$seen", GoTime.Format(launched)));

    /// <summary>Marks a row as deleted and removes its machine.</summary>
    public void Expire(Made made, DateTimeOffset at)
    {
        Sql("UPDATE instances SET deleted_at = $at WHERE id = $id", ("$at", GoTime.Format(at)), ("$id", made.Id));
        Sql("DELETE FROM gc_machines WHERE provider_id = $provider", ("$provider", made.ProviderId));
    }

    /// <summary>Writes what the record said at the last read.</summary>
    public void RecordSaid(Made made, string status) => Sql("""
            INSERT INTO gc_records (instance_id, etag, tenant, group_key, status, first_read_at)
            VALUES ($id, 'old', 'acme', 'web', $status, $at)
            """, ("$id", made.Id), ("$status", status), ("$at", GoTime.Format(AsOf.AddHours(-1))));

    /// <summary>Returns the status of its machine in the table; null if it is not there.</summary>
    public string? ListedAs(Made made)
    {
        using var command = _raw.CreateCommand();
        command.CommandText = "SELECT status FROM gc_machines WHERE provider_id = $provider";
        command.Parameters.AddWithValue("$provider", made.ProviderId);
        return command.ExecuteScalar() as string;
    }

    public void Sql(string sql, params (string Name, object Value)[] values)
    {
        using var command = _raw.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in values) command.Parameters.AddWithValue(name, value);
        command.ExecuteNonQuery();
    }

    /// <summary>Heartbeats, in order.</summary>
    public List<PhaseProgress> Beats { get; } = [];

    /// <summary>Heartbeats of the health scan, in order.</summary>
    public List<string> HealthBeats { get; } = [];

    public FakePlanStore Plans { get; } = new();

    public Task<CollectResult> CollectAsync(PhaseProgress? before = null) =>
        new CollectPhase(Db, Cloud, Records, Events, Trail, Plans, Input, Beats.Add, Clock)
            .RunAsync(before, CancellationToken.None);

    public Task<PurgeResult> PurgeAsync(PurgeResult? before = null) =>
        new PurgePhase(Db, Cloud, Records, Trail, Input, Beats.Add).RunAsync(before, CancellationToken.None);

    public Task<SyncResult> SyncAsync(PhaseNotes? notes = null, Action<string>? beat = null) =>
        Sync(notes ?? new(), beat).RunAsync(CancellationToken.None);

    public SyncPhase Sync(PhaseNotes notes, Action<string>? beat = null) =>
        new(Db, Cloud, Records, notes, Trail, Input, progress => beat?.Invoke(progress.Doing));

    public Task<HealthScanResult> ScanHealthAsync() =>
        new HealthPhase(Db, Events, Plans, "queue", Input, HealthBeats.Add).RunAsync(CancellationToken.None);

    public bool IsLive(Made made) => Db.Find(made.Id) is { DeletedAt: null };

    public bool HasRecord(Made made) => Records.Objects.ContainsKey(made.Key);

    public void AssertUntouched(Made made)
    {
        Assert.DoesNotContain(made.ProviderId, Cloud.TerminateCalls);
        Assert.DoesNotContain(made.Key, Records.Deletes);
        Assert.True(IsLive(made));
    }

    /// <summary>Asserts that it was a candidate, that a rule skipped it, and the reason in the report.</summary>
    public void AssertSkipped(Made made, CollectResult result, string why)
    {
        AssertUntouched(made);
        AssertSkippedInReport(made, result, why);
    }

    public static void AssertSkippedInReport(Made made, CollectResult result, string why) => Assert.Contains(
        result.Samples, sample => sample.InstanceId == made.Id
            && sample.Action == "skipped" && sample.Why.Contains(why, StringComparison.Ordinal));

    /// <summary>Like <see cref="AssertSkipped"/>, from the audit: a report names only the first instances.</summary>
    public void AssertAuditedAsSkipped(Made made, string why)
    {
        AssertUntouched(made);
        Assert.Contains(Audit.Entries, entry => entry.Instance == made.Id
            && entry.Action == "skipped" && entry.Why.Contains(why, StringComparison.Ordinal));
    }

    public void AssertCollected(Made made)
    {
        Assert.False(HasRecord(made));
        Assert.False(IsLive(made));
    }

    public void Dispose()
    {
        _raw.Dispose();
        Db.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    internal sealed record Made(string Id, string ProviderId, string Key);
}
