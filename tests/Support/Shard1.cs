using System.Text.Json;
using Microsoft.Data.Sqlite;
using Nstance.Temporal.Activities;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Tests.Support;

/// <summary>The golden shard (tests/Fixtures/shard-1) on fakes, its database a copy of nstance's own file.</summary>
internal sealed class Shard1 : IConnections, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("shard-1-").FullName;

    public Shard1()
    {
        Expected = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Source, "expected.json"))).RootElement;
        AsOf = Expected.GetProperty("asOf").GetDateTimeOffset();
        DatabasePath = Path.Combine(_folder, "local.db");
        File.Copy(Path.Combine(Source, "local.db"), DatabasePath);
        var bucket = Path.Combine(Source, "bucket");
        foreach (var file in Directory.EnumerateFiles(bucket, "*", SearchOption.AllDirectories))
            Records.Objects[Path.GetRelativePath(bucket, file).Replace('\\', '/')] = File.ReadAllBytes(file);
        Records.Leader = () => LeaderFile.Alive();
        Records.Config = Records.Objects[$"shard/{Shard.Shard}/config.jsonc"];
        foreach (var i in JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Source, "cloud.json"))).RootElement.EnumerateArray())
        {
            var state = i.GetProperty("state").GetString()!;
            Cloud.Add(new CloudInstance(
                i.GetProperty("provider_id").GetString()!, state, Ec2State.Parse(state),
                i.GetProperty("launched_at").GetDateTimeOffset(), "us-west-2a", null, null, null,
                i.GetProperty("tags").EnumerateObject().ToDictionary(t => t.Name, t => t.Value.GetString()!)));
        }
    }

    public ShardRef Shard { get; } = new("prod-eu", "us-west-2a", "records");

    public DateTimeOffset AsOf { get; }

    public JsonElement Expected { get; }

    public string DatabasePath { get; }

    public string OwnFolder => Path.Combine(_folder, "own");

    public FakeCloud Cloud { get; } = new();

    public FakeRecordStore Records { get; } = new();

    public FakeAuditStore Audit { get; } = new();

    public FakeEventSink Events { get; } = new();

    private static string Source => Path.Combine(AppContext.BaseDirectory, "Fixtures", "shard-1");

    public PhaseInput Input => new(Shard, AsOf, new ShardTimings()) { Limits = TerminationLimits.Off };

    public GcActivities Activities(bool own = false, string host = "host-a") => new(
        new ShardDatabases { HostName = host, DataDirectory = OwnFolder, SharedDatabasePath = own ? null : DatabasePath, NstanceServerId = LeaderFile.Id },
        this,
        _ => Events);

    public IReadOnlyList<string> Ids(string list, string member = "instance") =>
        [.. Expected.GetProperty(list).EnumerateArray().Select(e => e.GetProperty(member).GetString()).OfType<string>().Order(StringComparer.Ordinal)];

    /// <summary>One column of every row, by id; all columns as one text when the name is null.</summary>
    public Dictionary<string, string?> Rows(string column, string? path = null)
    {
        using var connection = new SqliteConnection($"Data Source={path ?? DatabasePath};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT id, {column} FROM instances";
        using var reader = command.ExecuteReader();
        var rows = new Dictionary<string, string?>();
        while (reader.Read()) rows[reader.GetString(0)] = reader.IsDBNull(1) ? null : reader.GetString(1);
        return rows;
    }

    /// <summary>As if a sync had just been complete; after the shard was acquired.</summary>
    public void MarkSynced() => Execute(
        $"INSERT OR REPLACE INTO gc_meta (key, value) VALUES ('{MetaKeys.SyncedAt}', '{GoTime.Format(AsOf)}')");

    public void Execute(string sql, string? path = null)
    {
        using var connection = new SqliteConnection($"Data Source={path ?? DatabasePath};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    IRecordStore IConnections.Records(TimeSpan requestTimeout) => Records;

    IAuditStore IConnections.Audit(TimeSpan requestTimeout) => Audit;

    ICloud IConnections.Cloud(string? region, TimeSpan requestTimeout) => Cloud;
}
