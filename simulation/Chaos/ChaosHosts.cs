using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Nstance.Temporal.Activities;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>Two hosts that may hold the shard, their databases, and what is wrong with those.</summary>
internal sealed class ChaosHosts : IDisposable
{
    private readonly string _folder = Directory.CreateDirectory(Path.Combine(
        Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"nstance-chaos-{Guid.NewGuid():N}")).FullName;

    private readonly Dictionary<string, DatabaseEye> _eyes = [];

    public ChaosHosts(StorySetup setup) => SharedPath = setup.Shared ? Path.Combine(_folder, "server.db") : null;

    /// <summary>nstance's own database; null: the hosts keep databases of their own.</summary>
    public string? SharedPath { get; }

    public int Current { get; private set; }

    public string DatabasePath =>
        SharedPath ?? Path.Combine(_folder, $"host-{Current}", Story.Shard.Cluster, $"{Story.Shard.Shard}.db");

    /// <summary>Returns a text without the folder, which has another name in each run.</summary>
    public string Nameless(string text) => text.Replace(_folder, "folder", StringComparison.Ordinal);

    /// <summary>Changes the host. A shared database is on one host: that one starts again.</summary>
    public void Switch()
    {
        if (SharedPath is null) Current ^= 1;
    }

    public void DeleteDatabase()
    {
        if (_eyes.Remove(DatabasePath, out var eye)) eye.Dispose();
        foreach (var ending in new[] { "", "-wal", "-shm" }) File.Delete(DatabasePath + ending);
    }

    /// <summary>Returns the rows in the current host's database; null: it has none yet.</summary>
    public IReadOnlyList<SeenRow>? Rows()
    {
        if (!_eyes.TryGetValue(DatabasePath, out var eye))
        {
            if (!File.Exists(DatabasePath)) return null;
            eye = _eyes[DatabasePath] = new DatabaseEye(DatabasePath);
        }

        return eye.Rows();
    }

    /// <summary>The bucket's plans.</summary>
    public PlanShelf Plans { get; } = new();

    /// <summary>Returns the instances of a plan.</summary>
    public IReadOnlySet<string> PlanItems(string hash) => Plans.Plans.GetValueOrDefault(hash) is { } bytes
        && Plan.Read(bytes, hash) is { } plan
            ? plan.Items.Select(item => item.InstanceId).ToHashSet()
            : new HashSet<string>();

    /// <summary>Locks the database until disposed, if there is one.</summary>
    public IDisposable? Lock()
    {
        if (!File.Exists(DatabasePath)) return null;
        var connection = new SqliteConnection($"Data Source={DatabasePath};Pooling=False;Mode=ReadWrite");
        connection.Open();
        Run(connection, "BEGIN IMMEDIATE");
        return connection;
    }

    public (GcActivities Gc, ReconcilerActivities Reconciler) Activities(
        ICloud cloud, IRecordStore records, IAuditStore audit, IPlanStore plans, IEventSink sink, bool diskFull,
        TimeProvider time)
    {
        var databases = new ShardDatabases
        {
            HostName = $"host-{Current}",
            DataDirectory = Path.Combine(_folder, $"host-{Current}"),
            SharedDatabasePath = SharedPath,
            NstanceServerId = "nst-0",
            Opened = connection =>
            {
                connection.DefaultTimeout = 1;
                Run(connection, "PRAGMA synchronous = OFF; PRAGMA busy_timeout = 50");
                if (diskFull) Run(connection, "PRAGMA max_page_count = 1");
            },
        };
        var gc = new GcActivities(databases, new Connections(cloud, records, audit, plans), _ => sink, time);
        return (gc, gc.CreateReconciler(null, time, NullLogger.Instance));
    }

    public void Dispose()
    {
        foreach (var eye in _eyes.Values) eye.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static void Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
