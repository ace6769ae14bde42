using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Nstance.Temporal.Activities;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Simulation.Nstance;

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

    /// <summary>The host that was lost in this cycle, and does not come back before the next; null: none.</summary>
    public int? Lost { get; private set; }

    /// <summary>When another host took the shard over last; null: the first still has it.</summary>
    public DateTimeOffset? TakenOverAt { get; private set; }

    public string DatabasePath => IsShared(Current)
        ? ServerPath(Current)
        : Path.Combine(DataDirectory, Story.Shard.Cluster, $"{Story.Shard.Shard}.db");

    private string DataDirectory => Path.Combine(_folder, $"host-{Current}");

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
        if (ForgetOwn()) File.Delete(DatabasePath);
    }

    /// <summary>Overwrites all of the current host's own file but its first page.</summary>
    public void DamageDatabase()
    {
        if (!ForgetOwn()) return;
        using var file = File.OpenWrite(DatabasePath);
        if (file.Length <= PageSize) return;
        var garbage = new byte[file.Length - PageSize];
        Array.Fill(garbage, (byte)0xdb);
        file.Position = PageSize;
        file.Write(garbage);
    }

    /// <summary>Returns the rows in the current host's database; empty: it has none yet, or is damaged.</summary>
    public IReadOnlyList<SeenRow> Rows()
    {
        if (!_eyes.TryGetValue(DatabasePath, out var eye))
        {
            if (!File.Exists(DatabasePath)) return [];
            eye = _eyes[DatabasePath] = new DatabaseEye(DatabasePath);
        }

        if (eye.Rows() is { } rows) return rows;
        Forget(); // A damaged file is renamed: the eye must not stay with it.
        return [];
    }

    /// <summary>Locks the database until disposed, if there is one.</summary>
    public IDisposable? Lock()
    {
        if (!File.Exists(DatabasePath)) return null;
        var file = new SqliteFile(DatabasePath, "Mode=ReadWrite");
        file.Run("BEGIN IMMEDIATE");
        return file;
    }

    /// <summary>Returns the activities of the current host, for one attempt.</summary>
    public (GcActivities Gc, ReconcilerActivities Reconciler) Activities(
        ChaosCall call, IEventSink sink, InjectedBug bug)
    {
        var world = call.World;
        var isDiskFull = world.Has(ChaosEvent.DiskFull);
        var databases = new ShardDatabases
        {
            HostName = $"host-{Current}",
            DataDirectory = DataDirectory,
            SharedDatabasePath = IsShared(Current) ? ServerPath(Current) : null,
            NstanceServerId = ChaosNstance.ServerId(Current),
            Opened = connection =>
            {
                connection.DefaultTimeout = 1;
                Run(connection, "PRAGMA synchronous = OFF; PRAGMA busy_timeout = 50");
                if (isDiskFull) Run(connection, "PRAGMA max_page_count = 1");
            },
        };
        var bucket = new ChaosBucket(call);
        var connections = new Connections(
            new ChaosCloud(call, bug.CloudClock(world)), bug.Records(bucket, DatabasePath), bucket, bucket);
        var time = bug.Clock(world);
        var gc = new GcActivities(databases, connections, _ => sink, time);
        return (gc, gc.CreateReconciler(null, time, NullLogger.Instance));
    }

    public void Dispose()
    {
        foreach (var eye in _eyes.Values) eye.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Closes the current host's own file, and removes what SQLite keeps beside it.</summary>
    /// <returns>False: the host has no own file. It may never have held the shard.</returns>
    private bool ForgetOwn()
    {
        if (IsShared(Current) || !File.Exists(DatabasePath)) return false;
        Forget();
        foreach (var ending in new[] { "-wal", "-shm" }) File.Delete(DatabasePath + ending);
        return true;
    }

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
