using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Nstance.Temporal.Activities.Database;

/// <summary>
/// Opens a shard's file. It verifies before it writes, and refuses a file that is not nstance's or this shard's.
/// </summary>
internal static class Opening
{
    public static SqliteConnection Open(string path, ShardRef shard, bool own, bool check) => Guarded(path, () =>
    {
        if (own && !File.Exists(path)) CreatePrivate(path);
        RequireWritableFile(path);
        return Kept(Connect(path, SqliteOpenMode.ReadWrite), connection =>
        {
            Prepare(connection, path, shard, own);
            if (check && Texts(connection, "PRAGMA integrity_check(1)")[0] is var found and not "ok")
            {
                throw new DatabaseException(
                    $"database {path} is damaged: {OneLine.Short(found)}", fault: DatabaseFault.Damaged);
            }
        });
    });

    /// <summary>Opens a file that <see cref="Open"/> has prepared, without write access.</summary>
    public static SqliteConnection OpenToRead(string path, ShardRef shard) => Guarded(path, () =>
    {
        RequireFile(path);
        return Kept(Connect(path, SqliteOpenMode.ReadOnly), connection =>
        {
            RequireNstance(connection, path);
            if (VersionOf(connection, path) is not Schema.Version)
                throw new DatabaseException($"database {path} was not used by this version of nstance-gc yet");
            RequireShard(connection, path, shard);
        });
    });

    /// <summary>Checks whether <see cref="Open"/> would accept an existing file. Writes nothing.</summary>
    /// <exception cref="DatabaseException">It would not.</exception>
    public static void Verify(string path, ShardRef shard) => Guarded(path, () =>
    {
        RequireWritableFile(path);
        using var connection = Connect(path, SqliteOpenMode.ReadWrite);
        if (raw.sqlite3_db_readonly(connection.Handle!, "main") != 0) throw ReadOnly(path);
        RequireNstance(connection, path);
        if (VersionOf(connection, path) is Schema.Version) RequireShard(connection, path, shard);
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
            throw new DatabaseException($"database {path} cannot be opened: {e.Message}", e);
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

    /// <summary>Only the worker's user may read the rows; WAL files inherit the mode.</summary>
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
            // Another activity of this host has made it.
        }
    }

    private static FileInfo RequireFile(string path) => new FileInfo(path) is { Exists: true } file
        ? file
        : throw new DatabaseException(
            $"database {path} does not exist: start nstance's server on this host, or correct the path");

    private static void RequireWritableFile(string path)
    {
        // Root may write to any file, but a file without any write permission is protected on purpose.
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
        return connection;
    }

    private static void Prepare(SqliteConnection connection, string path, ShardRef shard, bool own)
    {
        Run(connection, $"PRAGMA busy_timeout = {(int)ShardDatabase.BusyTimeout.TotalMilliseconds}");
        if (raw.sqlite3_db_readonly(connection.Handle!, "main") != 0) throw ReadOnly(path);
        var isNew = own && Number(connection, "SELECT count(*) FROM sqlite_master") == 0;
        if (isNew) Run(connection, "PRAGMA journal_mode = WAL");
        else RequireNstance(connection, path);
        var version = VersionOf(connection, path);
        if (version is 0 && own)
        {
            throw new DatabaseException(
                $"an earlier build of nstance-gc wrote database {path}: delete the file; it is a cache");
        }

        if (version is Schema.Version) RequireShard(connection, path, shard);

        // In WAL mode this survives a crash of the process. A crash of the machine may lose our last writes, but not
        // the file or nstance's writes. The collector can repeat its writes, and the bucket has the audit of a
        // termination.
        if (own || Texts(connection, "PRAGMA journal_mode") is ["wal"]) Run(connection, "PRAGMA synchronous = NORMAL");

        // A cache for gc_machines and its index of a large fleet. Checkpoints wait for the disk, so they come between
        // commits.
        Run(connection, "PRAGMA cache_size = -8192; PRAGMA wal_autocheckpoint = 0");
        if (version is Schema.Version) return;
        using var transaction = connection.BeginTransaction();
        if (own && Number(connection, "SELECT count(*) FROM sqlite_master") == 0) Run(connection, Schema.Nstance);
        MakeTables(connection, transaction, shard);
        transaction.Commit();
    }

    /// <summary>
    /// Makes the collector's tables, and drops those of an earlier build and its indexes on nstance's.
    /// </summary>
    private static void MakeTables(SqliteConnection connection, SqliteTransaction transaction, ShardRef shard)
    {
        const string Left = """
            SELECT 'DROP ' || type || ' IF EXISTS "' || replace(name, '"', '""') || '"' FROM sqlite_master
            WHERE name LIKE 'gc\_%' ESCAPE '\' AND type IN ('table', 'index', 'view', 'trigger')
            ORDER BY type = 'table'
            """;

        // Another activity of this host may have made them.
        if (VersionOf(connection, "") is Schema.Version) return;
        foreach (var drop in Texts(connection, Left)) Run(connection, drop);
        Run(connection, Schema.Collector);
        Set(MetaKeys.Version, $"{Schema.Version}");
        Set(MetaKeys.Cluster, shard.Cluster);
        Set(MetaKeys.Shard, shard.Shard);

        void Set(string key, string value)
        {
            using var meta = new Statement(connection, Statements.SetMeta, ("$key", key), ("$value", value));
            meta.Bind(transaction, ("$key", key), ("$value", value)).Run();
        }
    }

    private static void RequireNstance(SqliteConnection connection, string path)
    {
        foreach (var (table, columns) in Schema.RequiredColumns.Concat(Schema.OptionalColumns))
        {
            var present = Texts(connection, $"SELECT name FROM pragma_table_info('{table}')")
                .ToHashSet(StringComparer.OrdinalIgnoreCase);
            var missing = columns.Where(c => !present.Contains(c)).ToList();
            if (missing.Count == 0 || (present.Count == 0 && Schema.OptionalColumns.ContainsKey(table))) continue;
            var what = present.Count == 0
                ? $"has no table {table}"
                : $"table {table} lacks {string.Join(", ", missing)}";
            throw new DatabaseException(
                $"database {path} is not nstance's ({what}): correct the path; nothing was written");
        }
    }

    /// <summary>Returns the version of our tables; null if there are none, 0 for an earlier build's.</summary>
    private static int? VersionOf(SqliteConnection connection, string path)
    {
        const string Ours = @"SELECT count(*) FROM sqlite_master WHERE name LIKE 'gc\_%' ESCAPE '\'";
        if (Number(connection, Ours) == 0) return null;
        if (Meta(connection, MetaKeys.Version) is not { } text) return 0;
        if (int.TryParse(text, out var version) && version <= Schema.Version) return version;
        throw new DatabaseException(
            $"database {path} was written by a newer nstance-gc (version {text} of its tables): update this one");
    }

    private static void RequireShard(SqliteConnection connection, string path, ShardRef shard)
    {
        var cluster = Meta(connection, MetaKeys.Cluster);
        var name = Meta(connection, MetaKeys.Shard);
        if (cluster == shard.Cluster && name == shard.Shard) return;
        throw new DatabaseException(
            $"database {path} belongs to shard {cluster}/{name}, not {shard.Cluster}/{shard.Shard}: correct the path");
    }

    private static string? Meta(SqliteConnection connection, string key)
    {
        if (Number(connection, "SELECT count(*) FROM sqlite_master WHERE name = 'gc_meta'") == 0) return null;
        return Texts(connection, $"SELECT value FROM gc_meta WHERE key = '{key}'").FirstOrDefault();
    }

    private static DatabaseException ReadOnly(string path) => new(
        $"database {path} is read-only: let the user of nstance-gc write to it and its folder");

    private static void Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static List<string> Texts(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var texts = new List<string>();
        while (reader.Read()) texts.Add(reader.GetString(0));
        return texts;
    }

    private static long Number(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }
}
