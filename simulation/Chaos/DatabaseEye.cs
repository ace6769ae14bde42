using Microsoft.Data.Sqlite;
using Nstance.Temporal.Simulation.Nstance;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>An instance as it is on disk: nstance's row and its machine, or a machine without a row.</summary>
internal sealed record SeenRow(string Id, string? Group, bool IsLive, string? ProviderId, string? Status, bool HasRow);

/// <summary>Reads a host's database from outside. Its connection stays open: opening a WAL file is slow.</summary>
internal sealed class DatabaseEye(string path) : IDisposable
{
    private readonly SqliteFile _file = new(path, "Mode=ReadWrite");
    private string? _seen;
    private IReadOnlyList<SeenRow>? _rows;

    /// <summary>
    /// Returns all rows; null: it has no tables yet, or is damaged. Reads them again only when another connection has
    /// written.
    /// </summary>
    public IReadOnlyList<SeenRow>? Rows()
    {
        try
        {
            var version = _file.Column("PRAGMA data_version")[0];
            if (version == _seen) return _rows;
            _rows =
            [
                .. _file.Read("""
                    SELECT i.id, i.group_key, i.deleted_at IS NULL, i.provider_id, m.status, 1
                    FROM instances AS i LEFT JOIN gc_machines AS m ON m.provider_id = i.provider_id
                    UNION ALL SELECT instance_id, group_key, 1, provider_id, status, 0 FROM gc_machines
                    WHERE rowless = 1
                    """)
                    .Select(r => new SeenRow(
                        r.Text(0)!, r.Text(1), r.GetBoolean(2), r.Text(3), r.Text(4), r.GetBoolean(5))),
            ];
            _seen = version;
            return _rows;
        }
        catch (SqliteException)
        {
            return null;
        }
    }

    public void Dispose() => _file.Dispose();
}
