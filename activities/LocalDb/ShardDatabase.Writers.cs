using Microsoft.Data.Sqlite;
using Nstance.Temporal.Activities.Domain;
using SQLitePCL;

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
    public int MarkDeleted(IReadOnlyCollection<string> ids, DateTimeOffset at) => WriteAt(ids, Statements.MarkDeleted, at);

    /// <summary>Marks deleted rows as deleted at this time.</summary>
    public int Postpone(IReadOnlyCollection<string> ids, DateTimeOffset at) => WriteAt(ids, Statements.Postpone, at);

    /// <summary>Marks rows whose instance is gone, unless they name another instance by now, and tells the audit with it.</summary>
    public int MarkGone(IReadOnlyCollection<(LiveRow Row, AuditLine Audit)> rows, DateTimeOffset at)
    {
        var text = GoTime.Format(at);
        return WriteBatches(rows, BatchSize, item =>
        {
            var mark = Raw(Statements.MarkGone, "$id", "$at", "$provider");
            mark.Bind(0, item.Row.Id);
            mark.Bind(1, text);
            mark.Bind(2, item.Row.ProviderId);
            if (mark.Run() == 0) return 0;
            AddAudit(item.Audit);
            return 1;
        });
    }

    /// <summary>Marks registered rows that name no instance, unless their agents reported after a time, and tells the audit with it.</summary>
    public int MarkVanished(IReadOnlyCollection<(string Id, AuditLine Audit)> rows, DateTimeOffset silentSince, DateTimeOffset at)
    {
        var (text, before) = (GoTime.Format(at), GoTime.TextAfterSecondOf(silentSince));
        return WriteBatches(rows, BatchSize, item =>
        {
            var mark = Raw(Statements.MarkVanished, "$id", "$at", "$before");
            mark.Bind(0, item.Id);
            mark.Bind(1, text);
            mark.Bind(2, before);
            if (mark.Run() == 0) return 0;
            AddAudit(item.Audit);
            return 1;
        });
    }

    /// <summary>Takes the mark of deletion away: the instance is alive.</summary>
    public int Revive(IReadOnlyCollection<string> ids, DateTimeOffset at) => WriteAt(ids, Statements.Revive, at);

    /// <summary>Only for a row that has none.</summary>
    public bool SetProviderId(string id, string providerId, DateTimeOffset at) =>
        WriteOne(Statements.SetProviderId, id, at, ("$provider", providerId));

    /// <summary>For a row whose old instance is known to be gone.</summary>
    public bool ReplaceProviderId(LiveRow row, string providerId, DateTimeOffset at) =>
        WriteOne(Statements.ReplaceProviderId, row.Id, at, ("$old", row.ProviderId), ("$provider", providerId));

    /// <summary>A registration learnt from a record. Its health clock starts now: nobody was looking before.</summary>
    public bool SetRegistered(string id, DateTimeOffset registeredAt, DateTimeOffset at)
    {
        var changed = WriteOne(Statements.SetRegistered, id, at, ("$registered", GoTime.Format(registeredAt)));
        if (changed) SeenFrom([id], at);
        return changed;
    }

    public bool SetProviderState(string id, InstanceStatus status, DateTimeOffset at)
    {
        if (Find(id) is not { } row) return false;
        var state = LocalDb.ProviderState.With(row.ProviderState, new(status));
        return WriteOne(Statements.SetProviderState, id, at, ("$state", state));
    }

    /// <summary>What the cloud says now, for rows that differ from it.</summary>
    public int Refresh(IReadOnlyCollection<Refreshed> rows, DateTimeOffset at)
    {
        var text = GoTime.Format(at);
        return WriteBatches(rows, BatchSize, row => RefreshOne(row, text));
    }

    /// <summary>Adds rows that are not there; one that is stays as it is.</summary>
    public int Insert(IReadOnlyCollection<NewRow> rows, DateTimeOffset at)
    {
        var text = GoTime.Format(at);
        return WriteBatches(rows, BatchSize, row =>
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
        return WriteBatches(records, RebuildBatchSize, item =>
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
    public void SeenFrom(IReadOnlyCollection<string> ids, DateTimeOffset at)
    {
        var text = GoTime.Format(at);
        WriteBatches(ids, BatchSize, id =>
        {
            var seen = Raw(Statements.SeenFrom, "$id", "$seen");
            seen.Bind(0, id);
            seen.Bind(1, text);
            return seen.Run();
        });
    }

    /// <summary>Forgets what a rebuild read: the record, read again, says otherwise.</summary>
    public void ClearRecordStatus(string id) => WriteBatches([id], 1, _ =>
    {
        var clear = Raw(Statements.ClearRecordStatus, "$id");
        clear.Bind(0, id);
        return clear.Run();
    });

    /// <summary>
    /// Removes deleted rows, their children first, and tells the audit with each. Gives the ids that are gone; a live row
    /// stays.
    /// </summary>
    public IReadOnlyList<string> Purge(IReadOnlyCollection<(string Id, AuditLine Audit)> rows)
    {
        var (purged, kept) = (new List<string>(), 0);
        try
        {
            WriteBatches(rows, BatchSize, row => PurgeOne(row, purged), () => kept = purged.Count);
            return purged;
        }
        catch (LocalDbException e) when (e.InnerException is SqliteException { SqliteErrorCode: raw.SQLITE_CONSTRAINT })
        {
            // Something of nstance's that we do not know still refers to a row: then that row stays, alone. A savepoint for each
            // row would save the second try, but writes every page that it touches once more.
            purged.RemoveRange(kept, purged.Count - kept);
            var gone = purged.ToHashSet();
            return rows.Count == 1 ? [] : [.. purged, .. rows.Where(r => !gone.Contains(r.Id)).SelectMany(r => Purge([r]))];
        }
    }

    private int PurgeOne((string Id, AuditLine Audit) row, List<string> purged)
    {
        var isDeleted = Raw(Statements.IsDeleted, "$id");
        isDeleted.Bind(0, row.Id);
        if (isDeleted.First(r => r.Number(0)) == 0) return 0;
        foreach (var sql in Statements.Purge)
        {
            var purge = Raw(sql, "$id");
            purge.Bind(0, row.Id);
            purge.Run();
        }

        AddAudit(row.Audit);
        purged.Add(row.Id);
        return 1;
    }

    private int WriteAt(IReadOnlyCollection<string> ids, string sql, DateTimeOffset at)
    {
        var text = GoTime.Format(at);
        return WriteBatches(ids, BatchSize, id =>
        {
            var write = Raw(sql, "$id", "$at");
            write.Bind(0, id);
            write.Bind(1, text);
            return write.Run();
        });
    }

    private bool WriteOne(string sql, string id, DateTimeOffset at, params (string Name, string Value)[] values) =>
        WriteBatches([id], 1, _ =>
        {
            var write = Raw(sql, ["$id", "$at", .. values.Select(v => v.Name)]);
            write.Bind(0, id);
            write.Bind(1, GoTime.Format(at));
            for (var i = 0; i < values.Length; i++) write.Bind(2 + i, values[i].Value);
            return write.Run();
        }) == 1;
}
