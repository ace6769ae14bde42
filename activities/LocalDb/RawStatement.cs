using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Nstance.Temporal.Activities.LocalDb;

/// <summary>
/// A prepared statement. ADO.NET looks each parameter up by name and makes a reader for each run, which at a hundred
/// thousand rows costs more than the statement; here texts go in and out as UTF-8, and nothing is allocated.
/// </summary>
internal sealed class RawStatement : IDisposable
{
    private const int OnStack = 512;

    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _statement;
    private readonly int[] _places;

    /// <param name="connection">The connection, which must outlive this.</param>
    /// <param name="sql">One statement.</param>
    /// <param name="parameters">Its parameters in the order in which the caller counts them, from 0.</param>
    public RawStatement(SqliteConnection connection, string sql, params ReadOnlySpan<string> parameters)
    {
        _database = connection.Handle!;
        Check(raw.sqlite3_prepare_v3(_database, sql, raw.SQLITE_PREPARE_PERSISTENT, out _statement));
        _places = new int[parameters.Length];
        for (var i = 0; i < parameters.Length; i++)
        {
            _places[i] = raw.sqlite3_bind_parameter_index(_statement, parameters[i]);
            if (_places[i] == 0) throw new ArgumentException($"the statement has no parameter {parameters[i]}", nameof(parameters));
        }
    }

    public void Bind(int parameter, long value) => Check(raw.sqlite3_bind_int64(_statement, _places[parameter], value));

    public void Bind(int parameter, string? text)
    {
        if (text is null)
        {
            Check(raw.sqlite3_bind_null(_statement, _places[parameter]));
            return;
        }

        var most = Encoding.UTF8.GetMaxByteCount(text.Length);
        Span<byte> bytes = most <= OnStack ? stackalloc byte[OnStack] : new byte[most];
        Bind(parameter, bytes[..Encoding.UTF8.GetBytes(text, bytes)]);
    }

    /// <summary>A text, never NULL.</summary>
    public void Bind(int parameter, ReadOnlySpan<byte> utf8) => Check(utf8.IsEmpty
        ? raw.sqlite3_bind_text(_statement, _places[parameter], "") // an empty span would be NULL
        : raw.sqlite3_bind_text(_statement, _places[parameter], utf8));

    /// <summary>Empty: NULL.</summary>
    public void BindSome(int parameter, ReadOnlySpan<byte> utf8) => Check(utf8.IsEmpty
        ? raw.sqlite3_bind_null(_statement, _places[parameter])
        : raw.sqlite3_bind_text(_statement, _places[parameter], utf8));

    /// <summary>True: a row is there, until the next step or <see cref="Reset"/>.</summary>
    public bool Step()
    {
        var code = raw.sqlite3_step(_statement);
        if (code == raw.SQLITE_ROW) return true;
        if (code == raw.SQLITE_DONE) return false;
        _ = raw.sqlite3_reset(_statement);
        SqliteException.ThrowExceptionForRC(code, _database);
        return false;
    }

    /// <summary>Lets go of the row and of what it locks. Its code repeats what the last step said, and threw.</summary>
    public void Reset() => _ = raw.sqlite3_reset(_statement);

    /// <summary>Runs a statement without rows; gives how many rows it changed.</summary>
    public int Run()
    {
        Step();
        Reset();
        return raw.sqlite3_changes(_database);
    }

    /// <summary>Runs a query to its end.</summary>
    public List<T> All<T>(Func<RawStatement, T> read)
    {
        var rows = new List<T>();
        try
        {
            while (Step()) rows.Add(read(this));
        }
        finally
        {
            Reset();
        }

        return rows;
    }

    /// <summary>Reads the first row of a query; the default when there is none.</summary>
    public T? First<T>(Func<RawStatement, T> read)
    {
        try
        {
            return Step() ? read(this) : default;
        }
        finally
        {
            Reset();
        }
    }

    /// <summary>SQLite keeps whatever was written: one of <c>raw.SQLITE_TEXT</c> and its like, whatever the column's type.</summary>
    public int Kind(int column) => raw.sqlite3_column_type(_statement, column);

    public bool IsNull(int column) => Kind(column) == raw.SQLITE_NULL;

    public bool IsText(int column) => Kind(column) == raw.SQLITE_TEXT;

    /// <summary>True: exactly this text stands there.</summary>
    public bool Is(int column, string text) =>
        IsText(column) && (Ascii.Equals(Utf8(column), text) || Encoding.UTF8.GetString(Utf8(column)) == text);

    public long Number(int column) => raw.sqlite3_column_int64(_statement, column);

    public string? Text(int column) => IsNull(column) ? null : Encoding.UTF8.GetString(Utf8(column));

    /// <summary>The text's own memory: gone with the next step.</summary>
    public ReadOnlySpan<byte> Utf8(int column)
    {
        var text = raw.sqlite3_column_text(_statement, column);
        var length = raw.sqlite3_column_bytes(_statement, column);
        return length == 0 ? [] : MemoryMarshal.CreateReadOnlySpan(in text.GetPinnableReference(), length);
    }

    public void Dispose() => _statement.Dispose();

    private void Check(int code)
    {
        if (code != raw.SQLITE_OK) SqliteException.ThrowExceptionForRC(code, _database);
    }
}
