using Microsoft.Data.Sqlite;

namespace Nstance.Temporal.Activities.LocalDb;

/// <summary>
/// Filling an empty database of our own: without the collector's indexes, which are made at the end, sorted, at a
/// quarter of the cost. A load that is cut leaves a version behind that makes the next opening complete them.
/// </summary>
internal sealed partial class ShardDatabase
{
    /// <summary>Takes the indexes away. False: there are rows, or others use the file; then everything stays as it is.</summary>
    public bool BeginLoad()
    {
        if (!IsOwn || Number(Queries.AnyRow) != 0) return false;
        WriteBatches([0], 1, (transaction, _) =>
        {
            foreach (var index in Schema.RowIndexes) Run(transaction, $"DROP INDEX IF EXISTS {index}");
            SetVersion(transaction, MetaKeys.IncompleteVersion);
            return 0;
        });
        return true;
    }

    /// <summary>Makes the indexes. Safe to repeat.</summary>
    public void EndLoad() => WriteBatches([0], 1, (transaction, _) =>
    {
        Run(transaction, Schema.Collector);
        SetVersion(transaction, MetaKeys.CurrentVersion);
        return 0;
    });

    private void SetVersion(SqliteTransaction transaction, string version)
    {
        var command = Prepared(Statements.SetMeta);
        command.Transaction = transaction;
        Set(command, "$id", MetaKeys.SchemaVersion);
        Set(command, "$value", version);
        command.ExecuteNonQuery();
    }

    private void Run(SqliteTransaction transaction, string sql)
    {
        using var command = _connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
