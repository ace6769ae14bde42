using Microsoft.Data.Sqlite;

namespace Nstance.Temporal.Simulation.Nstance;

/// <summary>A connection to a file of SQLite. It prepares each statement once; parameters are $0, $1 …</summary>
internal sealed class SqliteFile : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly Dictionary<string, SqliteCommand> _prepared = new(StringComparer.Ordinal);

    public SqliteFile(string path, string settings = "")
    {
        _connection = new($"Data Source={path};Pooling=False;Default Timeout=30;{settings}");
        _connection.Open();
    }

    public int Run(string sql, params object?[] values) => Prepared(sql, values).ExecuteNonQuery();

    public IEnumerable<SqliteDataReader> Read(string sql, params object?[] values)
    {
        using var reader = Prepared(sql, values).ExecuteReader();
        while (reader.Read()) yield return reader;
    }

    /// <summary>Returns the first column of each row.</summary>
    public List<string> Column(string sql, params object?[] values) =>
        [.. Read(sql, values).Select(row => row.GetString(0))];

    /// <summary>Does the work for each item in one transaction, and returns how many there were.</summary>
    public int InTransaction<T>(IEnumerable<T> items, Action<T> work)
    {
        var count = 0;
        Run("BEGIN IMMEDIATE");
        try
        {
            foreach (var item in items)
            {
                work(item);
                count++;
            }

            Run("COMMIT");
            return count;
        }
        catch
        {
            Run("ROLLBACK");
            throw;
        }
    }

    public void Dispose()
    {
        foreach (var command in _prepared.Values) command.Dispose();
        _connection.Dispose();
    }

    private SqliteCommand Prepared(string sql, object?[] values)
    {
        if (!_prepared.TryGetValue(sql, out var command))
        {
            _prepared[sql] = command = _connection.CreateCommand();
            command.CommandText = sql;
            for (var n = 0; n < values.Length; n++) command.Parameters.AddWithValue($"${n}", DBNull.Value);
        }

        for (var n = 0; n < values.Length; n++)
        {
            command.Parameters[n].Value = values[n] switch
            {
                null => DBNull.Value,
                DateTimeOffset at => NstanceDatabase.Text(at),
                var value => value,
            };
        }

        return command;
    }
}

internal static class Columns
{
    /// <summary>Returns a text, or null.</summary>
    public static string? Text(this SqliteDataReader row, int column) =>
        row.IsDBNull(column) ? null : row.GetString(column);
}
