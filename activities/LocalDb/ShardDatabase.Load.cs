using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Nstance.Temporal.Activities.LocalDb;

/// <summary>
/// Filling an empty database of our own: without those indexes that are made at the end, sorted, at a quarter of the cost. The
/// others grow while the next records are read. A load that is cut leaves a version behind that makes the next opening complete them.
/// </summary>
internal sealed partial class ShardDatabase
{
    /// <summary>Takes those indexes away. False: there are rows, or others use the file; then everything stays as it is.</summary>
    public bool BeginLoad()
    {
        if (!IsOwn || Number(Queries.AnyRow) != 0) return false;
        WriteBatches([0], 1, _ =>
        {
            foreach (var index in Schema.UnorderedIndexes) Execute($"DROP INDEX IF EXISTS {index}");
            return SetMetaOne(MetaKeys.SchemaVersion, MetaKeys.IncompleteVersion);
        });
        return true;
    }

    /// <summary>Makes them. Safe to repeat.</summary>
    public void EndLoad() => WriteBatches([0], 1, _ =>
    {
        Execute(Schema.Collector);
        return SetMetaOne(MetaKeys.SchemaVersion, MetaKeys.CurrentVersion);
    });

    /// <summary>For what is run once, or is more than one statement.</summary>
    private void Execute(string sql) => SqliteException.ThrowExceptionForRC(raw.sqlite3_exec(_connection.Handle, sql), _connection.Handle);
}
