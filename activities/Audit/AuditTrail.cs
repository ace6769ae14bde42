using System.Security.Cryptography;
using System.Text;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Activities.Audit;

/// <summary>
/// Writes the audit of a phase. Lines wait in the shard's outbox until the bucket has them. A crash or an outage may
/// repeat a line under the same id and never loses one.
/// </summary>
internal sealed class AuditTrail(ShardDatabase database, IAuditStore store, string host, PhaseInput input)
{
    /// <summary>An unchanged line is repeated after this time, so that each day of the audit is complete.</summary>
    public static readonly TimeSpan RepeatAfter = TimeSpan.FromHours(24);

    /// <summary>About a MiB.</summary>
    private const int LinesPerObject = 2000;

    /// <summary>Clock of <see cref="AuditEntry.DoneAt"/>.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Called for each terminated or quarantined machine.</summary>
    public Action<AuditEntry>? OnTerminated { get; init; }

    public AuditEntry Of(Assessment a, string action, string why, Approval? approval = null)
    {
        var now = a.Evidence;
        var row = now.Row ?? a.Candidate.Row;
        var report = now.Row is null
            ? "no row"
            : $"{EvidenceText.Row(row)}, last report {EvidenceText.Time(row.HealthAt)}";
        return Of(row, action, Reasons.Of(a.Reason).Word, why) with
        {
            ProviderId = row.ProviderId ?? now.Instance?.ProviderId,
            Tenant = Known(a.Tenant),
            Group = Known(a.Group),
            Evidence = new(report, EvidenceText.Cloud(now), EvidenceText.Record(now.Record, now.RecordUnknown)),
            Limits = Limits.Describe(input.Limits, a.Reason, a.Tenant, a.Group),
            ApprovedBy = approval?.By,
            ApprovalComment = approval?.Comment,
        };
    }

    public AuditEntry Of(InstanceRow row, string action, string reason, string why) => new()
    {
        Id = AuditEntry.IdOf(input.AsOf, row.Id, reason, action),
        At = input.AsOf,
        DoneAt = Time.GetUtcNow(),
        Cycle = input.Cycle,
        Cluster = input.Shard.Cluster,
        Shard = input.Shard.Shard,
        Host = host,
        Instance = row.Id,
        ProviderId = row.ProviderId,
        Tenant = Known(row.Tenant),
        Group = Known(row.Group),
        Action = action,
        Reason = reason,
        Why = why,
        Evidence = new(EvidenceText.Row(row), null, null),
        DryRun = input.DryRun,
    };

    /// <summary>Returns a line for a write that adds it in its own transaction.</summary>
    public static AuditLine Line(AuditEntry entry) => new(entry.Id, entry.ToLine());

    public void Add(IEnumerable<AuditEntry> entries)
    {
        AuditEntry[] all = [.. entries];
        database.AddAudit([.. all.Select(Line)]);
        foreach (var entry in all.Where(e => e.Action is "terminated" or "quarantined")) OnTerminated?.Invoke(entry);
    }

    /// <summary>Adds lines that repeat in each cycle: only new ones, and each again after a day.</summary>
    public void AddNews(IEnumerable<AuditEntry> entries)
    {
        var news = entries.Where(IsNews).ToArray();
        if (news.Length == 0) return;
        Add(news);
        database.SetMeta(news.Select(entry => (LastAudited(entry), $"{GoTime.Format(entry.At)}|{Gist(entry)}")));
    }

    /// <summary>Delivers every waiting line to the bucket.</summary>
    /// <exception cref="CloudException">The bucket refused them; they stay in the outbox.</exception>
    public async Task FlushAsync(CancellationToken ct)
    {
        while (database.WaitingAudit(LinesPerObject) is { Count: > 0 } waiting)
        {
            await PutAsync(waiting[0].Number, waiting.Select(line => line.Body), ct);
            database.RemoveAudit(waiting);
        }
    }

    /// <summary>
    /// Delivers the waiting lines, then these, and returns the failure. They need no outbox: what they announce begins
    /// only after the delivery.
    /// </summary>
    public Task<string?> TryPutAsync(IReadOnlyCollection<AuditEntry> entries, CancellationToken ct) =>
        TryAsync(async () =>
        {
            await FlushAsync(ct);
            foreach (var chunk in entries.Chunk(LinesPerObject))
                await PutAsync(0, chunk.Select(entry => entry.ToLine()), ct);
        });

    /// <summary>Delivers waiting lines at the end of a phase. A failure is only reported.</summary>
    public async Task<string?> TryFlushAsync(CancellationToken ct) =>
        await TryAsync(() => FlushAsync(ct)) is { } fault ? $"the audit waits on this host, {fault}" : null;

    private static async Task<string?> TryAsync(Func<Task> work)
    {
        try
        {
            await work();
            return null;
        }
        catch (CloudException e)
        {
            return $"the bucket did not take it: {e.Message}";
        }
    }

    /// <summary>The number orders the objects of a cycle.</summary>
    private Task PutAsync(long number, IEnumerable<string> lines, CancellationToken ct)
    {
        var bytes = Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + "\n")));
        var hash = Convert.ToHexStringLower(SHA256.HashData(bytes))[..16];
        var key = AuditKey.For(input.Shard, input.AsOf, $"{number:0000000000}-{hash}");
        return store.PutAsync(input.Shard, key, bytes, ct);
    }

    private bool IsNews(AuditEntry entry) =>
        database.GetMeta(LastAudited(entry))?.Split('|', 2) is not [var at, var gist]
        || gist != Gist(entry) || !GoTime.TryParse(at, out var last) || entry.At - last >= RepeatAfter;

    private static string LastAudited(AuditEntry entry) => MetaKeys.LastAudited(entry.Instance, entry.Reason ?? "");

    /// <summary>A line without the parts that change in each cycle, such as ages.</summary>
    private static string Gist(AuditEntry entry) =>
        $"{(entry.DryRun ? "dry-run: " : "")}{entry.Action}{(entry.Action == "skipped" ? $": {entry.Why}" : "")}";

    private static string? Known(string? text) => text is { Length: > 0 } ? text : null;
}
