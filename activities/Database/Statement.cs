using System.Text;
using Microsoft.Data.Sqlite;

namespace Nstance.Temporal.Activities.Database;

/// <summary>A command that is prepared once for its connection. Each call names the same parameters.</summary>
internal sealed class Statement : IDisposable
{
    private readonly SqliteCommand _command;

    public Statement(
        SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        _command = connection.CreateCommand();
        _command.CommandText = sql;
        foreach (var (name, _) in parameters) _command.Parameters.Add(new SqliteParameter(name, null));
    }

    public Statement Bind(SqliteTransaction? transaction, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        if (parameters.Length != _command.Parameters.Count)
            throw new ArgumentException("another number of parameters than before", nameof(parameters));
        _command.Transaction = transaction;
        for (var i = 0; i < parameters.Length; i++)
        {
            var (name, value) = parameters[i];
            var parameter = _command.Parameters[i];
            if (parameter.ParameterName != name)
                throw new ArgumentException($"{name} is not in its place", nameof(parameters));
            parameter.Value = value ?? DBNull.Value;
        }

        return this;
    }

    /// <summary>Runs a write; returns how many rows changed.</summary>
    public int Run() => _command.ExecuteNonQuery();

    public IEnumerable<T> Read<T>(Func<SqliteDataReader, T> read)
    {
        using var reader = _command.ExecuteReader();
        while (reader.Read()) yield return read(reader);
    }

    public void Dispose() => _command.Dispose();

    /// <summary>
    /// Returns a text, also one that is stored as BLOB; null for NULL, for numbers, and for bytes that are not UTF-8.
    /// </summary>
    public static string? Text(SqliteDataReader reader, int column) => reader.GetValue(column) switch
    {
        string text => text,
        byte[] bytes when System.Text.Unicode.Utf8.IsValid(bytes) => Encoding.UTF8.GetString(bytes),
        _ => null,
    };
}
