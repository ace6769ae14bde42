using Microsoft.Data.Sqlite;
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
    public void AddAudit(IReadOnlyCollection<AuditLine> lines) => Write(lines, Statements.AddAudit, BindAudit);

    /// <summary>The oldest lines that wait.</summary>
    public IReadOnlyList<AuditLine> WaitingAudit(int take) => Guard(() =>
    {
        var command = Prepared(Queries.WaitingAudit);
        Set(command, "$take", take);
        using var reader = command.ExecuteReader();
        var lines = new List<AuditLine>();
        while (reader.Read()) lines.Add(new(reader.GetString(1), reader.GetString(2)) { Number = reader.GetInt64(0) });
        return lines;
    });

    public void RemoveAudit(IReadOnlyCollection<AuditLine> lines) =>
        Write(lines, Statements.RemoveAudit, (command, line) => Set(command, "$id", line.Id));

    public Told? GetTold(string instanceId, string reason) => Guard(() =>
    {
        var command = Prepared(Queries.Told);
        Set(command, "$id", instanceId);
        Set(command, "$reason", reason);
        using var reader = command.ExecuteReader();
        return reader.Read() && GoTime.TryParse(reader.GetString(1), out var at)
            ? new Told(instanceId, reason, reader.GetString(0), at)
            : null;
    });

    public void SetTold(IReadOnlyCollection<Told> told) => Write(told, Statements.SetTold, (command, item) =>
    {
        Set(command, "$id", item.InstanceId);
        Set(command, "$reason", item.Reason);
        Set(command, "$saying", item.Saying);
        Set(command, "$at", GoTime.Format(item.At));
    });

    private void AddAudit(SqliteTransaction transaction, AuditLine line)
    {
        var command = Prepared(Statements.AddAudit);
        command.Transaction = transaction;
        BindAudit(command, line);
        command.ExecuteNonQuery();
    }

    private static void BindAudit(SqliteCommand command, AuditLine line)
    {
        Set(command, "$id", line.Id);
        Set(command, "$line", line.Line);
    }
}
