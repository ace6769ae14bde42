using Microsoft.Data.Sqlite;

namespace Nstance.Temporal.Benchmarks.Compare;

/// <summary>A file of SQLite, used as plainly as can be: each statement is prepared once.</summary>
internal sealed class Sql : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly Dictionary<string, SqliteCommand> _prepared = [];

    /// <param name="path">The file.</param>
    /// <param name="cacheKiB">Size of the page cache; 2000 is SQLite's default.</param>
    public Sql(string path, int cacheKiB = 2000)
    {
        _connection = new($"Data Source={path};Pooling=False");
        _connection.Open();
        Run("PRAGMA journal_mode = WAL");
        Run("PRAGMA synchronous = NORMAL");
        Run($"PRAGMA cache_size = -{cacheKiB}");
    }

    /// <summary>Runs statements that create tables.</summary>
    public void Script(string statements)
    {
        foreach (var statement in statements.Split(';', StringSplitOptions.TrimEntries)) Run(statement);
    }

    /// <summary>Deletes a row and its children.</summary>
    public void Purge(string id)
    {
        Run("DELETE FROM public_keys WHERE instance_id = $0", id);
        Run("DELETE FROM lb_instances WHERE instance_id = $0", id);
        Run("DELETE FROM instances WHERE id = $0", id);
    }

    /// <summary>Runs a statement whose parameters are <c>$0</c>, <c>$1</c> and so on.</summary>
    public void Run(string sql, params object?[] values) => Prepared(sql, values).ExecuteNonQuery();

    public IEnumerable<SqliteDataReader> Read(string sql, params object?[] values)
    {
        using var reader = Prepared(sql, values).ExecuteReader();
        while (reader.Read()) yield return reader;
    }

    /// <summary>The first column of each row.</summary>
    public List<string> Column(string sql, params object?[] values) =>
        [.. Read(sql, values).Select(row => row.GetString(0))];

    public void Transaction(Action work)
    {
        Run("BEGIN IMMEDIATE");
        work();
        Run("COMMIT");
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

        for (var n = 0; n < values.Length; n++) command.Parameters[n].Value = values[n] ?? DBNull.Value;
        return command;
    }
}
