using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Data.Sqlite;

namespace Nstance.Temporal.Activities.Database;

/// <summary>
/// One connection to a shard's file, for one activity at a time. A transaction writes at most <see cref="BatchSize"/>
/// rows, because nstance's server writes to the same file. Not thread-safe.
/// </summary>
internal sealed partial class ShardDatabase : IDisposable
{
    /// <summary>How long a writer waits for another process (contract).</summary>
    public static readonly TimeSpan BusyTimeout = TimeSpan.FromSeconds(5);

    public const int BatchSize = 1000;

    /// <summary>Rows in one transaction of a file of our own, which nstance does not wait for.</summary>
    public const int OwnBatchSize = 4000;

    /// <summary>A batch of a shared file commits after this time, so that nstance waits about 20 ms at most.</summary>
    private static readonly TimeSpan MaxLock = TimeSpan.FromMilliseconds(15);

    /// <summary>Rows in the WAL that cause a checkpoint. nstance checkpoints what is less than a batch.</summary>
    private const int RowsForCheckpoint = 20_000;

    private static readonly Histogram<double> WriteLock = GcMeter.Meter.CreateHistogram<double>(
        "nstance.gc.database.write_lock", "s",
        "Time for which a transaction of the collector held SQLite's write lock, by database (own, shared)", tags: null,
        GcMeter.Seconds(0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5));

    private readonly SqliteConnection _connection;
    private readonly Dictionary<object, Statement> _statements = new(ReferenceEqualityComparer.Instance);
    private SqliteTransaction? _transaction;
    private int _rowsInWal;

    private ShardDatabase(SqliteConnection connection, string path, bool own)
    {
        _connection = connection;
        Path = path;
        IsOwn = own;
    }

    public string Path { get; }

    /// <summary>False if nstance's server on this host owns the file, into which agents report.</summary>
    public bool IsOwn { get; }

    /// <summary>
    /// Opens a file, and makes one of our own if it does not exist. A <paramref name="check"/> for damage reads all of
    /// it, about 0.4 s for 100,000 instances.
    /// </summary>
    /// <exception cref="DatabaseException">The file cannot be used.</exception>
    public static ShardDatabase Open(
        string path, ShardRef shard, bool own, bool check = false, Action<SqliteConnection>? opened = null)
    {
        var connection = Opening.Open(path, shard, own, check);
        opened?.Invoke(connection);
        return new(connection, path, own);
    }

    /// <summary>Opens an existing file to read it.</summary>
    /// <exception cref="DatabaseException">The file cannot be used.</exception>
    public static ShardDatabase OpenToRead(string path, ShardRef shard, bool own) =>
        new(Opening.OpenToRead(path, shard), path, own);

    public string? GetMeta(string key) =>
        Query(Queries.Meta, row => row.GetString(0), ("$key", key)).FirstOrDefault();

    public DateTimeOffset? GetMetaTime(string key) => GoTime.TryParse(GetMeta(key), out var time) ? time : null;

    /// <summary>Sets a fact. Does not write the same value again.</summary>
    public void SetMeta(string key, string value)
    {
        if (GetMeta(key) != value) SetMeta([(key, value)]);
    }

    public void SetMeta(IEnumerable<(string Key, string Value)> facts) =>
        WriteBatches(facts, fact => Write(Statements.SetMeta, ("$key", fact.Key), ("$value", fact.Value)));

    public void SetMeta(string key, DateTimeOffset value) => SetMeta(key, GoTime.Format(value));

    public void Dispose()
    {
        try
        {
            if (_rowsInWal >= BatchSize) Checkpoint();
        }
        catch (SqliteException)
        {
            // Nothing is lost: the next connection finds it in the WAL.
        }

        foreach (var statement in _statements.Values) statement.Dispose();
        _connection.Dispose();
    }

    internal static DatabaseException Translate(SqliteException e, string path) => e.SqliteErrorCode switch
    {
        5 or 6 => new($"database {path} is locked by another process for more than 5 seconds", e, DatabaseFault.Busy),
        8 => new($"database {path} is read-only: let the user of nstance-gc write to it and its folder", e),
        14 => new($"database {path} cannot be opened: correct the path or its permissions", e),
        11 => new($"database {path} is damaged (SQLite 11): {e.Message}", e, DatabaseFault.Damaged),
        26 => new($"{path} is not an SQLite database: correct the path; nothing was written", e, DatabaseFault.Damaged),
        // SQLite's own messages name tables and columns, never values.
        _ => new($"database {path} failed (SQLite {e.SqliteErrorCode}): {e.Message}", e),
    };

    /// <summary>Prepares a statement once: <paramref name="sql"/> is a constant, the same object each time.</summary>
    private Statement Prepared(string sql, ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        if (!_statements.TryGetValue(sql, out var statement))
            _statements.Add(sql, statement = new(_connection, sql, parameters));
        return statement;
    }

    private List<T> Query<T>(
        string sql, Func<SqliteDataReader, T> read, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        try
        {
            return [.. Prepared(sql, parameters).Bind(_transaction, parameters).Read(read)];
        }
        catch (SqliteException e)
        {
            throw Translate(e, Path);
        }
    }

    private void Checkpoint()
    {
        _transaction = null;
        Prepared("PRAGMA wal_checkpoint(PASSIVE)", []).Bind(null).Run();
        _rowsInWal = 0;
    }

    private bool HasRoom(int written, long began) => IsOwn
        ? written < OwnBatchSize
        : written < BatchSize && Stopwatch.GetElapsedTime(began) < MaxLock;

    /// <summary>One write within <see cref="WriteBatches"/>.</summary>
    private int Write(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters) =>
        Prepared(sql, parameters).Bind(_transaction, parameters).Run();

    /// <summary>
    /// Writes items in batches, and returns the number of changed rows. A batch ends early if it has held the lock for
    /// long, because nstance's server waits for it.
    /// </summary>
    private int WriteBatches<T>(IEnumerable<T> items, Func<T, int> write, Action? progress = null)
    {
        try
        {
            var changed = 0;
            using var rest = items.GetEnumerator();
            for (var more = rest.MoveNext(); more;)
            {
                using var transaction = _transaction = _connection.BeginTransaction();
                var began = Stopwatch.GetTimestamp();
                var written = 0;
                var inBatch = 0;
                do
                {
                    inBatch += write(rest.Current);
                    written++;
                    more = rest.MoveNext();
                }
                while (more && HasRoom(written, began));
                transaction.Commit();
                WriteLock.Record(
                    Stopwatch.GetElapsedTime(began).TotalSeconds,
                    new KeyValuePair<string, object?>("database", IsOwn ? "own" : "shared"));
                changed += inBatch;
                progress?.Invoke();
                if ((_rowsInWal += written) >= RowsForCheckpoint) Checkpoint();
            }

            return changed;
        }
        catch (SqliteException e)
        {
            throw Translate(e, Path);
        }
        finally
        {
            _transaction = null;
        }
    }
}
