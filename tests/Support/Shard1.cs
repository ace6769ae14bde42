using System.Text.Json;
using Microsoft.Data.Sqlite;
using Nstance.Temporal.Activities;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Simulation.Chaos;

namespace Nstance.Temporal.Tests.Support;

/// <summary>The golden shard 1 on fakes.</summary>
internal sealed class Shard1 : IConnections, IDisposable
{
    public string Provider => "aws";

    private readonly Fixture _fixture = new("shard-1");

    public Shard1()
    {
        Cloud.Now = () => AsOf;
        foreach (var (key, bytes) in _fixture.Objects) Records.Objects[key] = bytes;
        Records.Leader = () => LeaderFile.Alive(AsOf);
        Records.Config = Records.Objects[$"shard/{Shard.Shard}/config.jsonc"];
        foreach (var (id, state, launchedAt, tags) in _fixture.Machines)
            Cloud.Add(new(id, state, Ec2State.Parse(state), launchedAt, Shard.Shard, null, null, null, tags));
    }

    public ShardRef Shard => _fixture.Shard;

    public DateTimeOffset AsOf => _fixture.AsOf;

    public JsonElement Expected => _fixture.Expected;

    public string DatabasePath => _fixture.DatabasePath;

    public string OwnFolder => Path.Combine(_fixture.Folder, "own");

    public FakeCloud Cloud { get; } = new();

    public FakeRecordStore Records { get; } = new();

    public FakeAuditStore Audit { get; } = new();

    public FakeEventSink Events { get; } = new();

    public PhaseInput Input => new(Shard, AsOf, new ShardTimings()) { Limits = TerminationLimits.Off };

    public GcActivities Activities(bool own = false, string host = "host-a", TimeProvider? time = null)
    {
        var shared = own ? null : DatabasePath;
        var databases = new ShardDatabases
        {
            HostName = host,
            DataDirectory = OwnFolder,
            SharedDatabasePath = shared,
            NstanceServerId = LeaderFile.Id,
        };
        return new(databases, this, _ => Events, time ?? new StoppedClock { Time = () => AsOf });
    }

    public IReadOnlyList<string> Ids(string list, string member = "instance") =>
    [
        .. Expected.GetProperty(list).EnumerateArray().Select(e => e.GetProperty(member).GetString())
            .OfType<string>().Order(StringComparer.Ordinal),
    ];

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

    /// <summary>Sets the state after a complete sync.</summary>
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

    public void Dispose() => _fixture.Dispose();

    public PlanShelf Plans { get; } = new();

    IRecordStore IConnections.Records(TimeSpan requestTimeout) => Records;

    IAuditStore IConnections.Audit(TimeSpan requestTimeout) => Audit;

    IPlanStore IConnections.Plans(TimeSpan requestTimeout) => Plans;

    ICloud IConnections.Cloud(string? region, TimeSpan requestTimeout) => Cloud;
}
