using System.Text.Json;

namespace Nstance.Temporal.Activities.Database;

/// <summary>A line of the audit on its way to the bucket. The same id is kept once.</summary>
internal readonly record struct AuditLine(string Id, string Line);

/// <summary>An entry of the outbox.</summary>
/// <param name="Number">Its place; numbers only grow.</param>
/// <param name="Id">What makes it one.</param>
/// <param name="Body">What is owed.</param>
internal readonly record struct OutboxEntry(long Number, string Id, string Body);

/// <summary>A record of a terminated instance that the bucket did not delete.</summary>
/// <param name="InstanceId">The instance.</param>
/// <param name="Key">Key of the record.</param>
/// <param name="ETag">The version that may be deleted; null: it was no readable record.</param>
/// <param name="Why">The bucket's answer.</param>
internal sealed record KeptRecord(string InstanceId, string Key, string? ETag, string Why);

/// <summary><c>gc_outbox</c>: what is owed to the outside, until it is delivered.</summary>
internal sealed partial class ShardDatabase
{
    private const string AuditKind = "audit";
    private const string GroupKind = "group";
    private const string RecordKind = "record";

    /// <summary>Keeps lines; one that waits already is not kept twice.</summary>
    public void AddAudit(IReadOnlyCollection<AuditLine> lines) => WriteBatches(lines, Add);

    /// <summary>The oldest lines that wait.</summary>
    public IReadOnlyList<OutboxEntry> WaitingAudit(int take) => Waiting(AuditKind, take);

    /// <summary>Removes lines that <see cref="WaitingAudit"/> returned.</summary>
    public void RemoveAudit(IReadOnlyList<OutboxEntry> lines) => RemoveUpTo(AuditKind, lines);

    /// <summary>
    /// Keeps events for groups. An event that waits already gets a new number: it is owed for another loss.
    /// </summary>
    public void AddGroups(IEnumerable<string> groups) => WriteBatches(groups, AddGroup);

    public IReadOnlyList<OutboxEntry> WaitingGroups(int take) => Waiting(GroupKind, take);

    public void RemoveGroups(IReadOnlyList<OutboxEntry> groups) => RemoveUpTo(GroupKind, groups);

    /// <summary>Removes events for groups that lost nothing after all.</summary>
    public void RemoveGroups(IEnumerable<string> groups) =>
        WriteBatches(groups, group => Write(Statements.RemoveById, ["$kind", "$id"], GroupKind, group));

    /// <summary>Keeps a record that could not be deleted, until it is.</summary>
    public void AddKeptRecords(IEnumerable<KeptRecord> kept) => WriteBatches(kept, record => Write(
        Statements.AddAgain, ["$kind", "$id", "$body"], RecordKind, record.InstanceId,
        JsonSerializer.Serialize(record)));

    public IReadOnlyList<KeptRecord> FindKeptRecords() => [.. Waiting(RecordKind, int.MaxValue)
        .Select(entry => JsonSerializer.Deserialize<KeptRecord>(entry.Body)!)];

    public void RemoveKeptRecords(IEnumerable<string> instanceIds) =>
        WriteBatches(instanceIds, id => Write(Statements.RemoveById, ["$kind", "$id"], RecordKind, id));

    private int AddGroup(string group) =>
        Write(Statements.AddAgain, ["$kind", "$id", "$body"], GroupKind, group, "");

    private List<OutboxEntry> Waiting(string kind, int take) => Query(
        Queries.Waiting, ["$kind", "$take"], [kind, take],
        row => new OutboxEntry(row.GetInt64(0), row.GetString(1), row.GetString(2)));

    private void RemoveUpTo(string kind, IReadOnlyList<OutboxEntry> entries)
    {
        if (entries.Count == 0) return;
        WriteBatches([entries[^1].Number], n => Write(Statements.RemoveUpTo, ["$kind", "$n"], kind, n));
    }

    private int Add(AuditLine line) =>
        Write(Statements.AddOnce, ["$kind", "$id", "$body"], AuditKind, line.Id, line.Line);
}
