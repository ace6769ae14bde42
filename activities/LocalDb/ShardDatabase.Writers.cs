using Microsoft.Data.Sqlite;
using Nstance.Temporal.Activities.Domain;

namespace Nstance.Temporal.Activities.LocalDb;

/// <summary>What the cloud says about a row's instance, as the sync writes it.</summary>
internal sealed record Refreshed(
    string Id, string ProviderId, string ProviderState, string? Ip4, string? Ip6, string? Hostname);

/// <summary>A row to be added.</summary>
internal sealed record NewRow(string Id, string ProviderId, DateTimeOffset IssuedAt, Refreshed Cloud)
{
    /// <summary>Null: exists in the cloud alone.</summary>
    public InstanceRecord? Record { get; init; }

    public string? RecordKey { get; init; }

    public string? ETag { get; init; }

    /// <summary>From the tag; a record's own word wins.</summary>
    public string? Group { get; init; }
}

/// <summary>
/// Writers; each gives the number of rows that changed. All are safe to repeat, and change a row only while it still is
/// what the caller thinks it is.
/// </summary>
internal sealed partial class ShardDatabase
{
    public int MarkDeleted(IReadOnlyCollection<string> ids, DateTimeOffset at) =>
        WriteAt(ids, Statements.MarkDeleted, at, (command, id) => Set(command, "$id", id));

    /// <summary>Marks deleted rows as deleted at this time.</summary>
    public int Postpone(IReadOnlyCollection<string> ids, DateTimeOffset at) =>
        WriteAt(ids, Statements.Postpone, at, (command, id) => Set(command, "$id", id));

    /// <summary>Marks rows whose instance is gone, unless they name another instance by now, and tells the audit with it.</summary>
    public int MarkGone(IReadOnlyCollection<(LiveRow Row, AuditLine Audit)> rows, DateTimeOffset at)
    {
        var text = GoTime.Format(at);
        return WriteBatches(rows, BatchSize, (transaction, item) =>
        {
            var command = Prepared(Statements.MarkGone);
            command.Transaction = transaction;
            Set(command, "$at", text);
            Set(command, "$id", item.Row.Id);
            Set(command, "$provider", item.Row.ProviderId);
            if (command.ExecuteNonQuery() == 0) return 0;
            AddAudit(transaction, item.Audit);
            return 1;
        });
    }

    /// <summary>Takes the mark of deletion away: the instance is alive.</summary>
    public int Revive(IReadOnlyCollection<string> ids, DateTimeOffset at) =>
        WriteAt(ids, Statements.Revive, at, (command, id) => Set(command, "$id", id));

    /// <summary>Only for a row that has none.</summary>
    public bool SetProviderId(string id, string providerId, DateTimeOffset at) =>
        WriteAt([id], Statements.SetProviderId, at, (command, _) =>
        {
            Set(command, "$id", id);
            Set(command, "$provider", providerId);
        }) == 1;

    /// <summary>For a row whose old instance is known to be gone.</summary>
    public bool ReplaceProviderId(LiveRow row, string providerId, DateTimeOffset at) =>
        WriteAt([row], Statements.ReplaceProviderId, at, (command, old) =>
        {
            Set(command, "$id", old.Id);
            Set(command, "$old", old.ProviderId);
            Set(command, "$provider", providerId);
        }) == 1;

    /// <summary>A registration learnt from a record. Its health clock starts now: nobody was looking before.</summary>
    public bool SetRegistered(string id, DateTimeOffset registeredAt, DateTimeOffset at)
    {
        var changed = WriteAt([id], Statements.SetRegistered, at, (command, _) =>
        {
            Set(command, "$id", id);
            Set(command, "$registered", GoTime.Format(registeredAt));
        }) == 1;
        if (changed) SeenFrom([id], at);
        return changed;
    }

    public bool SetProviderState(string id, InstanceStatus status, DateTimeOffset at)
    {
        if (Find(id) is not { } row) return false;
        var state = LocalDb.ProviderState.With(row.ProviderState, new(status));
        return WriteAt([id], Statements.SetProviderState, at, (command, _) =>
        {
            Set(command, "$id", id);
            Set(command, "$state", state);
        }) == 1;
    }

    /// <summary>What the cloud says now, for rows that differ from it.</summary>
    public int Refresh(IReadOnlyCollection<Refreshed> rows, DateTimeOffset at) =>
        WriteAt(rows, Statements.Refresh, at, BindCloud);

    /// <summary>Adds rows that are not there; one that is stays as it is.</summary>
    public int Insert(IReadOnlyCollection<NewRow> rows, DateTimeOffset at)
    {
        var text = GoTime.Format(at);
        return WriteBatches(rows, BatchSize, (_, row) =>
        {
            if (InsertOne(row, text, text, Nonce(row)) == 0) return 0;

            // Only now: a row that nstance made in the meantime is no orphan.
            MarkRecord(row, text);
            return 1;
        });
    }

    /// <summary>
    /// Rows as their records say, for a database of our own: added, or completed where they know less. A row of a deleted
    /// instance stays deleted. Nobody else waits for this file, so batches are large: a page of an index is written once.
    /// </summary>
    public int UpsertRecords(IReadOnlyCollection<(string Key, string ETag, InstanceRecord Record)> records, DateTimeOffset at)
    {
        var text = GoTime.Format(at);
        return WriteBatches(records, RebuildBatchSize, (_, item) =>
        {
            var row = FromRecord(item);

            // A cache registers nobody: it needs no token, and is safer without.
            var changed = InsertOne(row, text, null, $"gc-record:{row.Id}");
            if (changed == 0) changed = CompleteOne(row, text);
            MarkRecord(row, null);
            return changed;
        });
    }

    /// <summary>Starts the health clock of rows at a time.</summary>
    public void SeenFrom(IReadOnlyCollection<string> ids, DateTimeOffset at) =>
        Write(ids, Statements.SeenFrom, (command, id) =>
        {
            Set(command, "$id", id);
            Set(command, "$seen", GoTime.Format(at));
        });

    /// <summary>Forgets what a rebuild read: the record, read again, says otherwise.</summary>
    public void ClearRecordStatus(string id) =>
        Write([id], Statements.ClearRecordStatus, (command, _) => Set(command, "$id", id));

    /// <summary>
    /// Removes deleted rows, their children first, and tells the audit with each. Gives the ids that are gone; a live row
    /// stays.
    /// </summary>
    public IReadOnlyList<string> Purge(IReadOnlyCollection<(string Id, AuditLine Audit)> rows)
    {
        var purged = new List<string>();
        WriteBatches(rows, BatchSize, (transaction, row) =>
        {
            // Something of nstance's that we do not know may still refer to a row: then that row stays, alone.
            Raw("SAVEPOINT gc_row").Run();
            try
            {
                var isGone = PurgeOne(row.Id);
                if (isGone) AddAudit(transaction, row.Audit);
                if (isGone) purged.Add(row.Id);
            }
            catch (SqliteException e) when (e.SqliteErrorCode == 19)
            {
                Raw("ROLLBACK TO gc_row").Run();
            }

            Raw("RELEASE gc_row").Run();
            return 1;
        });
        return purged;
    }

    private bool PurgeOne(string id)
    {
        var isDeleted = Raw(Statements.IsDeleted, "$id");
        isDeleted.Bind(0, id);
        var isThere = isDeleted.Step() && isDeleted.Number(0) != 0;
        isDeleted.Reset();
        if (!isThere) return false;
        foreach (var sql in Statements.Purge)
        {
            var purge = Raw(sql, "$id");
            purge.Bind(0, id);
            purge.Run();
        }

        return true;
    }

    private int WriteAt<T>(IReadOnlyCollection<T> items, string sql, DateTimeOffset at, Action<SqliteCommand, T> bind)
    {
        var text = GoTime.Format(at);
        return Write(items, sql, (command, item) =>
        {
            Set(command, "$at", text);
            bind(command, item);
        });
    }
}
