using System.Text.Json;

namespace Nstance.Temporal.Activities.Database;

/// <summary>A line of the audit on its way to the bucket. The outbox holds one line of an id.</summary>
internal readonly record struct AuditLine(string Id, string Line);

/// <summary>An entry of the outbox. Numbers only grow; of one kind and id there is one entry.</summary>
internal readonly record struct OutboxEntry(long Number, string Id, string Body);

/// <summary>A record of a terminated instance that the bucket did not delete.</summary>
/// <param name="InstanceId">The instance.</param>
/// <param name="Key">Key of the record.</param>
/// <param name="ETag">The version that may be deleted; null if the record was not readable.</param>
/// <param name="Why">The bucket's answer.</param>
internal sealed record KeptRecord(string InstanceId, string Key, string? ETag, string Why)
{
    /// <summary>"" when unknown.</summary>
    public string Tenant { get; init; } = "";

    /// <summary>"" when unknown.</summary>
    public string Group { get; init; } = "";

    /// <summary>Why the instance was terminated.</summary>
    public CollectReason Reason { get; init; }
}

/// <summary><c>gc_outbox</c>: what must still be delivered.</summary>
internal sealed partial class ShardDatabase
{
    private const string AuditKind = "audit";
    private const string GroupKind = "group";
    private const string RecordKind = "record";

    /// <summary>Adds lines, unless a line of the same id waits.</summary>
    public void AddAudit(IReadOnlyCollection<AuditLine> lines) => WriteBatches(lines, Add);

    public IReadOnlyList<OutboxEntry> WaitingAudit(int take) => Waiting(AuditKind, take);

    public void RemoveAudit(IReadOnlyList<OutboxEntry> lines) => RemoveUpTo(AuditKind, lines);

    /// <summary>Adds events of groups. An event that waits gets a new number, because the group lost more.</summary>
    public void AddGroups(IEnumerable<string> groups) => WriteBatches(groups, AddGroup);

    public IReadOnlyList<OutboxEntry> WaitingGroups(int take) => Waiting(GroupKind, take);

    public void RemoveGroups(IReadOnlyList<OutboxEntry> groups) => RemoveUpTo(GroupKind, groups);

    /// <summary>Removes the events of groups that lost no instance.</summary>
    public void RemoveGroups(IEnumerable<string> groups) =>
        WriteBatches(groups, group => Write(Statements.RemoveById, ("$kind", GroupKind), ("$id", group)));

    public void AddKeptRecords(IEnumerable<KeptRecord> kept) => WriteBatches(
        kept,
        record => Add(Statements.AddAgain, RecordKind, record.InstanceId, JsonSerializer.Serialize(record)));

    public IReadOnlyList<KeptRecord> FindKeptRecords() => [.. Waiting(RecordKind, int.MaxValue)
        .Select(entry => JsonSerializer.Deserialize<KeptRecord>(entry.Body)!)];

    public void RemoveKeptRecords(IEnumerable<string> instanceIds) =>
        WriteBatches(instanceIds, id => Write(Statements.RemoveById, ("$kind", RecordKind), ("$id", id)));

    private int AddGroup(string group) => Add(Statements.AddAgain, GroupKind, group, "");

    private List<OutboxEntry> Waiting(string kind, int take) => Query(
        Queries.Waiting, row => new OutboxEntry(row.GetInt64(0), row.GetString(1), row.GetString(2)),
        ("$kind", kind), ("$take", take));

    private void RemoveUpTo(string kind, IReadOnlyList<OutboxEntry> entries)
    {
        if (entries.Count == 0) return;
        WriteBatches([entries[^1].Number], n => Write(Statements.RemoveUpTo, ("$kind", kind), ("$n", n)));
    }

    private int Add(AuditLine line) => Add(Statements.AddOnce, AuditKind, line.Id, line.Line);

    private int Add(string sql, string kind, string id, string body) =>
        Write(sql, ("$kind", kind), ("$id", id), ("$body", body));
}
