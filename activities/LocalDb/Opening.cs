using Microsoft.Data.Sqlite;
using Nstance.Temporal.Workflows.Contracts;
using SQLitePCL;

namespace Nstance.Temporal.Activities.LocalDb;

/// <summary>
/// Opens a shard's database: looks before it touches. A file that is not ours, or not this shard's, is refused before
/// anything is written to it.
/// </summary>
internal static class Opening
{
    public static SqliteConnection Open(string path, ShardRef shard, bool own) => Guarded(path, () =>
    {
        if (own && !File.Exists(path)) CreatePrivate(path);
        RequireWritableFile(path);
        return Kept(Connect(path, SqliteOpenMode.ReadWrite), connection => Prepare(connection, path, shard, own));
    });

    /// <summary>Opens a database that <see cref="Open"/> has prepared, so that it cannot be written to.</summary>
    public static SqliteConnection OpenToRead(string path, ShardRef shard) => Guarded(path, () =>
    {
        RequireFile(path);
        return Kept(Connect(path, SqliteOpenMode.ReadOnly), connection =>
        {
            RequireNstance(connection, path);
            RequireShard(connection, path, shard);
            if (Meta(connection, MetaKeys.SchemaVersion) != MetaKeys.CurrentVersion)
                throw new LocalDbException(LocalDbFault.Missing, $"database {path} was not used by this version of nstance-gc yet");
        });
    });

    /// <summary>Says whether <see cref="Open"/> would take a database that is there. Writes nothing.</summary>
    /// <exception cref="LocalDbException">It would not; the message says why.</exception>
    public static void Look(string path, ShardRef shard) => Guarded(path, () =>
    {
        RequireWritableFile(path);
        using var connection = Connect(path, SqliteOpenMode.ReadWrite);
        if (raw.sqlite3_db_readonly(connection.Handle!, "main") != 0) throw ReadOnly(path);
        RequireNstance(connection, path);
        RequireShard(connection, path, shard);
        return true;
    });

    private static T Guarded<T>(string path, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (SqliteException e)
        {
            throw ShardDatabase.Translate(e, path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LocalDbException(LocalDbFault.Missing, $"database {path} cannot be opened: {e.Message}", e);
        }
    }

    private static SqliteConnection Kept(SqliteConnection connection, Action<SqliteConnection> prepare)
    {
        try
        {
            prepare(connection);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>The file holds registration tokens: nobody but its owner may read it (WAL files inherit the mode).</summary>
    private static void CreatePrivate(string path)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } directory) Directory.CreateDirectory(directory);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        try
        {
            using var file = new FileStream(path, options);
        }
        catch (IOException) when (File.Exists(path))
        {
            // Another activity of this host was first.
        }
    }

    private static FileInfo RequireFile(string path) => new FileInfo(path) is { Exists: true } file ? file : throw new LocalDbException(
        LocalDbFault.Missing, $"database {path} does not exist: start nstance's server on this host, or correct the path");

    private static void RequireWritableFile(string path)
    {
        // Root may write to any file: a file that nobody may write was made so on purpose.
        if (RequireFile(path).IsReadOnly) throw ReadOnly(path);
    }

    private static SqliteConnection Connect(string path, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = mode,
            ForeignKeys = true,
            Pooling = false, // a pooled handle would outlive a file that was replaced
            DefaultTimeout = (int)ShardDatabase.BusyTimeout.TotalSeconds,
        }.ToString());
        connection.Open();

        // Else a statement in whose way a partial index stands is prepared anew for each value that is bound to it, which costs
        // more than the statement. No plan of ours depends on values.
        _ = raw.sqlite3_db_config(connection.Handle!, raw.SQLITE_DBCONFIG_ENABLE_QPSG, 1, out _);
        return connection;
    }

    private static void Prepare(SqliteConnection connection, string path, ShardRef shard, bool own)
    {
        Run(connection, $"PRAGMA busy_timeout = {(int)ShardDatabase.BusyTimeout.TotalMilliseconds}");
        if (raw.sqlite3_db_readonly(connection.Handle!, "main") != 0) throw ReadOnly(path);
        var isNew = own && Number(connection, "SELECT count(*) FROM sqlite_master") == 0;
        if (isNew)
        {
            Run(connection, "PRAGMA journal_mode = WAL");
        }
        else
        {
            RequireNstance(connection, path);
            RequireShard(connection, path, shard);
        }

        // In WAL mode this survives a crash of the process. A crash of the machine may cost our last writes, not the file and
        // nothing that nstance's server wrote: each of ours can be found out again, and no end is tried before the bucket has it.
        if (own || Text(connection, "PRAGMA journal_mode") == "wal") Run(connection, "PRAGMA synchronous = NORMAL");

        // The pages of the indexes that a large fleet's writes touch; a small one never fills it.
        Run(connection, "PRAGMA cache_size = -24576; PRAGMA wal_autocheckpoint = 0");
        if (!isNew && Meta(connection, MetaKeys.SchemaVersion) == MetaKeys.CurrentVersion) return;

        using var transaction = connection.BeginTransaction();
        if (isNew && Number(connection, "SELECT count(*) FROM sqlite_master") == 0) Run(connection, Schema.Nstance);
        Run(connection, Schema.Collector);
        foreach (var (key, value) in new[]
        {
            (MetaKeys.SchemaVersion, MetaKeys.CurrentVersion),
            (MetaKeys.Cluster, shard.Cluster),
            (MetaKeys.Shard, shard.Shard),
        })
        {
            using var command = connection.CreateCommand();
            command.CommandText = Statements.SetMeta;
            command.Parameters.AddWithValue("$id", key);
            command.Parameters.AddWithValue("$value", value);
            command.ExecuteNonQuery();
        }

        transaction.Commit();
    }

    private static void RequireNstance(SqliteConnection connection, string path)
    {
        foreach (var (table, columns) in Schema.RequiredColumns)
        {
            using var command = connection.CreateCommand();
            command.CommandText = "SELECT name FROM pragma_table_info($table)";
            command.Parameters.AddWithValue("$table", table);
            var present = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
            using var reader = command.ExecuteReader();
            while (reader.Read()) present.Add(reader.GetString(0));
            var missing = columns.Where(c => !present.Contains(c)).ToList();
            if (missing.Count == 0) continue;
            var what = present.Count == 0 ? $"has no table {table}" : $"table {table} lacks {string.Join(", ", missing)}";
            throw new LocalDbException(
                LocalDbFault.OtherKind, $"database {path} is not nstance's ({what}): correct the path; nothing was touched");
        }
    }

    private static void RequireShard(SqliteConnection connection, string path, ShardRef shard)
    {
        var version = Meta(connection, MetaKeys.SchemaVersion);
        if (version is null) return;
        if (!int.TryParse(version, out var number) || number > Schema.Version)
        {
            throw new LocalDbException(
                LocalDbFault.OtherKind,
                $"database {path} was written by a newer nstance-gc (schema {version}): update this one");
        }

        var (cluster, name) = (Meta(connection, MetaKeys.Cluster), Meta(connection, MetaKeys.Shard));
        if (cluster == shard.Cluster && name == shard.Shard) return;
        throw new LocalDbException(
            LocalDbFault.OtherKind,
            $"database {path} belongs to shard {cluster}/{name}, not {shard.Cluster}/{shard.Shard}: correct the path");
    }

    private static string? Meta(SqliteConnection connection, string key)
    {
        if (Number(connection, "SELECT count(*) FROM sqlite_master WHERE name = 'gc_meta'") == 0) return null;
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT value FROM gc_meta WHERE key = $key";
        command.Parameters.AddWithValue("$key", key);
        return command.ExecuteScalar() as string;
    }

    private static LocalDbException ReadOnly(string path) => new(
        LocalDbFault.ReadOnly, $"database {path} is read-only: let the user of nstance-gc write to it and its folder");

    private static void Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static string? Text(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar() as string;
    }

    private static long Number(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }
}
