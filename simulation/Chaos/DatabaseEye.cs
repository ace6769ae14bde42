using Microsoft.Data.Sqlite;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>An instance as it is on disk: nstance's row and its machine, or a machine without a row.</summary>
internal sealed record SeenRow(string Id, string? Group, bool IsLive, string? ProviderId, string? Status, bool HasRow);

/// <summary>Reads a host's database from outside. Its connection stays open: opening a WAL file is slow.</summary>
internal sealed class DatabaseEye(string path) : IDisposable
{
    private readonly SqliteConnection _connection = new($"Data Source={path};Pooling=False;Mode=ReadWrite");
    private long _seen = -1;
    private IReadOnlyList<SeenRow>? _rows;

    /// <summary>
    /// Returns all rows; null: it has no tables yet, or is damaged. Reads them again only when another connection has
    /// written.
    /// </summary>
    public IReadOnlyList<SeenRow>? Rows()
    {
        try
        {
            _connection.Open(); // Does nothing when it is open.
            using var command = _connection.CreateCommand();
            command.CommandText = "PRAGMA data_version";
            var version = (long)command.ExecuteScalar()!;
            if (version == _seen) return _rows;
            command.CommandText = """
                SELECT i.id, i.group_key, i.deleted_at IS NULL, i.provider_id, m.status, 1
                FROM instances AS i LEFT JOIN gc_machines AS m ON m.provider_id = i.provider_id
                UNION ALL SELECT instance_id, group_key, 1, provider_id, status, 0 FROM gc_machines WHERE rowless = 1
                """;
            using var reader = command.ExecuteReader();
            var rows = new List<SeenRow>();
            string? Text(int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
            while (reader.Read())
                rows.Add(new(Text(0)!, Text(1), reader.GetBoolean(2), Text(3), Text(4), reader.GetBoolean(5)));
            _seen = version;
            return _rows = rows;
        }
        catch (SqliteException)
        {
            return null;
        }
    }

    public void Dispose() => _connection.Dispose();
}
