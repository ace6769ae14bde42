using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Workflows.Contracts;

namespace Nstance.Temporal.Activities.LocalDb;

/// <summary>
/// One connection to a shard's database, for one activity at a time. Writes go in short transactions of at most
/// <see cref="BatchSize"/> rows, because nstance's server writes to the same file.
/// </summary>
internal sealed partial class ShardDatabase : IDisposable
{
    /// <summary>How long a writer waits for another process (contract).</summary>
    public static readonly TimeSpan BusyTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Rows in one write transaction: well under 50 ms of lock.</summary>
    public const int BatchSize = 1000;

    /// <summary>The same for records read into a database of our own.</summary>
    public const int RebuildBatchSize = 4000;

    /// <summary>From so many rows on, another connection is worth its opening, and another part of a listing its calls.</summary>
    public const int UsuallyMany = 4 * BatchSize;

    /// <summary>After so long a batch is committed, which takes some milliseconds more.</summary>
    private static readonly TimeSpan LongestWrite = TimeSpan.FromMilliseconds(15);

    /// <summary>Each checkpoint waits for the disk: rows of one page are better brought to it together. Some 40 MB of WAL.</summary>
    private const int RowsForCheckpoint = 20_000;

    /// <summary>The same for a file of our own, which nobody else reads meanwhile.</summary>
    private const int OwnRowsForCheckpoint = 50_000;

    /// <summary>So many rows are brought into the file by who wrote them: up to 18 KB of WAL each.</summary>
    private const int RowsWorthACheckpoint = 1000;

    private readonly SqliteConnection _connection;
    private readonly Func<ShardDatabase>? _again;
    private readonly Dictionary<object, RawStatement> _statements = new(ReferenceEqualityComparer.Instance);
    private readonly ProviderState _state = new();
    private int _rowsInWal;

    private ShardDatabase(SqliteConnection connection, string path, bool own, int many, Func<ShardDatabase>? again = null) =>
        (_connection, Path, IsOwn, Many, _again) = (connection, path, own, many, again);

    public string Path { get; }

    /// <summary>False: nstance's server on this host owns it and feeds <c>health_at</c>.</summary>
    public bool IsOwn { get; }

    /// <summary>Default <see cref="UsuallyMany"/>.</summary>
    public int Many { get; }

    /// <summary>Default false: a listing is taken in while rows are still read ahead of it.</summary>
    public bool ReadsFirst { get; private init; }

    /// <summary>After <see cref="Dispose"/>: the connection is closed.</summary>
    internal Task Closed { get; private set; } = Task.CompletedTask;

    /// <summary>Opens a database; an own one is made if there is none. <see cref="LocalDbException"/> says why not.</summary>
    public static ShardDatabase Open(
        string path, ShardRef shard, bool own, Action<SqliteConnection>? opened = null, int many = UsuallyMany, bool readsFirst = false)
    {
        var connection = Opening.Open(path, shard, own);
        opened?.Invoke(connection);
        return new(connection, path, own, many, () => Open(path, shard, own, opened, many)) { ReadsFirst = readsFirst };
    }

    /// <summary>Opens a database that is there already, to look only. <see cref="LocalDbException"/> says why not.</summary>
    public static ShardDatabase OpenToRead(string path, ShardRef shard, bool own) =>
        new(Opening.OpenToRead(path, shard), path, own, UsuallyMany);

    /// <summary>
    /// Another connection to the same file, to be used at the same time. Null: its journal lets only one of both at it, or the
    /// file was deleted under this connection, and must not come back without what it held.
    /// </summary>
    public ShardDatabase? OpenBeside()
    {
        var isWal = Guard(() => Raw("PRAGMA journal_mode").First(row => row.Text(0))) == "wal";
        return isWal && File.Exists(Path) ? _again?.Invoke() : null;
    }

    public string? GetMeta(string key) => Guard(() =>
    {
        var meta = Raw(Queries.Meta, "$id");
        meta.Bind(0, key);
        return meta.First(row => row.Text(0));
    });

    public DateTimeOffset? GetMetaTime(string key) => GoTime.TryParse(GetMeta(key), out var time) ? time : null;

    public void SetMeta(string key, string value) => WriteBatches([key], 1, id => SetMetaOne(id, value));

    public void SetMeta(string key, DateTimeOffset value) => SetMeta(key, GoTime.Format(value));

    /// <summary>
    /// Closes the connection; after many writes only once they are in the file, on another thread: that waits for the disk, and nobody
    /// for it. Else nstance's server, which may keep the file open for months, would do it within a commit of its own.
    /// </summary>
    public void Dispose()
    {
        if (_rowsInWal < RowsWorthACheckpoint) Close();
        else
        {
            Closed = Task.Run(() =>
            {
                TryCheckpoint();
                Close();
            });
        }
    }

    internal static LocalDbException Translate(SqliteException e, string path) => e.SqliteErrorCode switch
    {
        5 or 6 => new(LocalDbFault.Busy, $"database {path} is locked by another process for more than 5 seconds", e),
        8 => new(LocalDbFault.ReadOnly, $"database {path} is read-only: let the user of nstance-gc write to it and its folder", e),
        14 => new(LocalDbFault.Missing, $"database {path} cannot be opened: correct the path or its permissions", e),
        26 => new(LocalDbFault.OtherKind, $"{path} is not an SQLite database: correct the path; nothing was touched", e),
        // SQLite's own messages name tables and columns, never values.
        _ => new(LocalDbFault.Broken, $"database {path} failed (SQLite {e.SqliteErrorCode}): {e.Message}", e),
    };

    /// <summary>Prepared once for the connection: <paramref name="sql"/> must be a constant, which is one object each time.</summary>
    private RawStatement Raw(string sql, params ReadOnlySpan<string> parameters)
    {
        if (!_statements.TryGetValue(sql, out var statement)) _statements.Add(sql, statement = new(_connection, sql, parameters));
        return statement;
    }

    private int SetMetaOne(string key, string value)
    {
        var set = Raw(Statements.SetMeta, "$id", "$value");
        set.Bind(0, key);
        set.Bind(1, value);
        return set.Run();
    }

    private T Guard<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (SqliteException e)
        {
            throw Translate(e, Path);
        }
    }

    /// <summary>
    /// Writes each item, in batches; gives the number of rows that changed. A batch ends early when it has held the lock for
    /// long: of a shared file, nstance's server waits for it.
    /// </summary>
    private int WriteBatches<T>(IEnumerable<T> items, int size, Func<T, int> write, Action? progress = null) => Guard(() =>
    {
        var changed = 0;
        using var rest = items.GetEnumerator();
        for (var more = rest.MoveNext(); more;)
        {
            using var transaction = _connection.BeginTransaction();
            var (began, inBatch, written) = (Stopwatch.GetTimestamp(), 0, 0);
            do
            {
                inBatch += write(rest.Current);
                written++;
                more = rest.MoveNext();
            }
            while (more && written < size && (IsOwn || Stopwatch.GetElapsedTime(began) < LongestWrite));
            transaction.Commit();
            WriteLockMetric.Record(Stopwatch.GetElapsedTime(began), IsOwn);
            changed += inBatch;
            progress?.Invoke();
            if ((_rowsInWal += written) >= (IsOwn ? OwnRowsForCheckpoint : RowsForCheckpoint)) Checkpoint();
        }

        return changed;
    });

    /// <summary>
    /// Brings the WAL into the file. By itself SQLite does so within a commit, with fsyncs, several times in a large sync;
    /// here it is rare, and outside of what a writer waits for.
    /// </summary>
    private void Checkpoint()
    {
        Raw("PRAGMA wal_checkpoint(PASSIVE)").Run();
        _rowsInWal = 0;
    }

    private void Close()
    {
        foreach (var statement in _statements.Values) statement.Dispose();
        _state.Dispose();
        _connection.Dispose();
    }

    private void TryCheckpoint()
    {
        try
        {
            Checkpoint();
        }
        catch (SqliteException)
        {
            // Nothing is lost: it waits in the WAL for the next connection.
        }
    }
}
