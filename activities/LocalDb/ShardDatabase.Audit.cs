using Nstance.Temporal.Activities.Domain;

namespace Nstance.Temporal.Activities.LocalDb;

/// <summary>A line of the audit on its way to the bucket.</summary>
internal readonly record struct AuditLine(string Id, string Line)
{
    /// <summary>Its place in the order in which lines were written here; 0: not yet.</summary>
    public long Number { get; init; }
}

/// <summary>What the audit said last about an instance and a reason.</summary>
internal sealed record Told(string InstanceId, string Reason, string Saying, DateTimeOffset At);

/// <summary>The audit's lines that the bucket does not have yet, and what it was told last.</summary>
internal sealed partial class ShardDatabase
{
    /// <summary>Keeps lines; one that waits already is not kept twice.</summary>
    public void AddAudit(IReadOnlyCollection<AuditLine> lines) => WriteBatches(lines, BatchSize, AddAudit);

    /// <summary>The oldest lines that wait.</summary>
    public IReadOnlyList<AuditLine> WaitingAudit(int take) => Guard(() =>
    {
        var waiting = Raw(Queries.WaitingAudit, "$take");
        waiting.Bind(0, take);
        return waiting.All(row => new AuditLine(row.Text(1)!, row.Text(2)!) { Number = row.Number(0) });
    });

    /// <summary>Forgets lines that <see cref="WaitingAudit"/> gave: numbers only grow, so nothing came between them since.</summary>
    public void RemoveAudit(IReadOnlyList<AuditLine> lines) => WriteBatches(lines.Chunk(BatchSize), 1, chunk =>
    {
        var remove = Raw(Statements.RemoveAudit, "$from", "$to");
        remove.Bind(0, chunk[0].Number);
        remove.Bind(1, chunk[^1].Number);
        return remove.Run();
    });

    public Told? GetTold(string instanceId, string reason) => Guard(() =>
    {
        var told = Raw(Queries.Told, "$id", "$reason");
        told.Bind(0, instanceId);
        told.Bind(1, reason);
        return told.First(row =>
            GoTime.TryParse(row.Utf8(1), out var at) ? new Told(instanceId, reason, row.Text(0)!, at) : null);
    });

    public void SetTold(IReadOnlyCollection<Told> told) => WriteBatches(told, BatchSize, item =>
    {
        var set = Raw(Statements.SetTold, "$id", "$reason", "$saying", "$at");
        set.Bind(0, item.InstanceId);
        set.Bind(1, item.Reason);
        set.Bind(2, item.Saying);
        set.Bind(3, GoTime.Format(item.At));
        return set.Run();
    });

    private int AddAudit(AuditLine line)
    {
        var add = Raw(Statements.AddAudit, "$id", "$line");
        add.Bind(0, line.Id);
        add.Bind(1, line.Line);
        return add.Run();
    }
}
