using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Nstance.Temporal.Activities;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>Two hosts that may hold the shard, their databases, and what is wrong with those.</summary>
internal sealed class ChaosHosts(StorySetup setup) : IDisposable
{
    public const int Count = 2;

    // The first page holds the header and the schema: the file still opens.
    private const int PageSize = 4096;

    private readonly string _folder = Directory.CreateDirectory(Path.Combine(
        Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"nstance-chaos-{Guid.NewGuid():N}")).FullName;

    private readonly Dictionary<string, DatabaseEye> _eyes = [];

    private int? _holder;

    public int Current { get; set; }

    /// <summary>When another host took the shard over last; null: the first still has it.</summary>
    public DateTimeOffset? TakenOverAt { get; private set; }

    /// <summary>The host that was lost in this cycle, and does not come back before the next; null: none.</summary>
    public int? Lost { get; private set; }

    public string DatabasePath => PathOf(Current);

    /// <summary>True: the host uses the file of nstance's server there.</summary>
    public bool IsShared(int host) => setup.Shared && (host == 0 || !setup.IsMixed);

    /// <summary>The file of nstance's server on a host, whether or not a collector uses it.</summary>
    public string ServerPath(int host) => Path.Combine(_folder, $"server-{host}.db");

    /// <summary>Returns a text without the folder, which has another name in each run.</summary>
    public string Nameless(string text) => text.Replace(_folder, "folder", StringComparison.Ordinal);

    /// <summary>The current host dies. One with nstance's server starts again at once.</summary>
    public void Lose() => Lost = IsShared(Current) ? null : Current;

    public void EndCycle() => Lost = null;

    /// <summary>The current host takes the shard.</summary>
    public void Take(DateTimeOffset now)
    {
        if (_holder is { } before && before != Current) TakenOverAt = now;
        _holder = Current;
    }

    public void DeleteDatabase()
    {
        if (IsShared(Current) || !File.Exists(DatabasePath)) return; // It may never have held the shard.
        Forget();
        foreach (var ending in new[] { "", "-wal", "-shm" }) File.Delete(DatabasePath + ending);
    }

    /// <summary>Overwrites all of the current host's own file but its first page.</summary>
    public void DamageDatabase()
    {
        if (IsShared(Current) || !File.Exists(DatabasePath)) return;
        Forget();
        foreach (var ending in new[] { "-wal", "-shm" }) File.Delete(DatabasePath + ending);
        using var file = File.OpenWrite(DatabasePath);
        if (file.Length <= PageSize) return;
        var garbage = new byte[file.Length - PageSize];
        Array.Fill(garbage, (byte)0xdb);
        file.Position = PageSize;
        file.Write(garbage);
    }

    /// <summary>Returns the rows in the current host's database; null: it has none yet.</summary>
    public IReadOnlyList<SeenRow>? Rows()
    {
        if (!_eyes.TryGetValue(DatabasePath, out var eye))
        {
            if (!File.Exists(DatabasePath)) return null;
            eye = _eyes[DatabasePath] = new DatabaseEye(DatabasePath);
        }

        // A damaged file is renamed: the eye must not stay with it.
        var rows = eye.Rows();
        if (rows is null) Forget();
        return rows;
    }

    /// <summary>The bucket's plans.</summary>
    public PlanShelf Plans { get; } = new();

    /// <summary>Returns the instances of a plan.</summary>
    public IReadOnlySet<string> PlanItems(string hash) => Plans.Plans.GetValueOrDefault(hash) is { } bytes
        && Plan.Read(bytes, hash) is { } plan
            ? plan.Items.Select(item => item.InstanceId).ToHashSet()
            : new HashSet<string>();

    /// <summary>Returns the guards that made a plan.</summary>
    public IReadOnlySet<string> PlanGuards(string hash) => Plans.Plans.GetValueOrDefault(hash) is { } bytes
        && Plan.Read(bytes, hash) is { } plan
            ? plan.Guards.ToHashSet()
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
            SharedDatabasePath = IsShared(Current) ? ServerPath(Current) : null,
            NstanceServerId = ChaosNstance.ServerId(Current),
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

    private string PathOf(int host) => IsShared(host)
        ? ServerPath(host)
        : Path.Combine(_folder, $"host-{host}", Story.Shard.Cluster, $"{Story.Shard.Shard}.db");

    /// <summary>Closes the connection that looks: the last one to close empties the log into the file.</summary>
    private void Forget()
    {
        if (_eyes.Remove(DatabasePath, out var eye)) eye.Dispose();
    }

    private static void Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
