using System.Security.Cryptography;
using System.Text;
using Nstance.Temporal.Activities.Collect;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Activities.Audit;

/// <summary>
/// Writes the audit of a phase. Lines wait in the shard's database until the bucket has them, so none is lost with a
/// crash or an outage; each may arrive twice, under the same id.
/// </summary>
internal sealed class AuditTrail(ShardDatabase db, IAuditStore store, string host, PhaseInput input)
{
    /// <summary>What has not changed is said again after this long, so that some days of the audit tell the whole story.</summary>
    public static readonly TimeSpan SaidAgain = TimeSpan.FromHours(24);

    // About a MiB.
    private const int LinesPerObject = 2000;

    /// <summary>What was done, or will be done, to a candidate.</summary>
    public AuditEntry Of(Assessment j, string action, string why, Approval? approval = null)
    {
        var row = j.Now.Row ?? j.Candidate.Row;
        return Of(row, action, Word(j.Candidate.Reason), why) with
        {
            ProviderId = row.ProviderId ?? j.Now.Instance?.ProviderId,
            Tenant = Known(j.Tenant),
            Group = Known(j.Group),
            Evidence = EvidenceText.All(j.Now),
            Limits = Limits.InForce(input.Limits, j.Candidate.Reason, j.Tenant, j.Group),
            ApprovedBy = approval?.By,
            ApprovalComment = approval?.Comment,
        };
    }

    /// <summary>What was done to a row.</summary>
    public AuditEntry Of(InstanceRow row, string action, string reason, string why) => new()
    {
        Id = AuditEntry.IdOf(input.AsOf, row.Id, reason, action),
        At = input.AsOf,
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
        Evidence = new(EvidenceText.Sql(row), null, null),
        DryRun = input.DryRun,
    };

    /// <summary>Keeps lines until <see cref="FlushAsync"/>.</summary>
    public void Add(IEnumerable<AuditEntry> entries) => db.AddAudit([.. entries.Select(Line)]);

    /// <summary>As <see cref="Add"/>, for what comes again in every cycle: only what is new, or a day old.</summary>
    public void Tell(IEnumerable<AuditEntry> entries)
    {
        var news = entries.Where(IsNews).ToArray();
        if (news.Length == 0) return;
        Add(news);
        db.SetMeta(news.Select(entry => (LastAudited(entry), $"{GoTime.Format(entry.At)}|{Saying(entry)}")));
    }

    /// <summary>A line for a write that adds it in its own transaction.</summary>
    public static AuditLine Line(AuditEntry entry) => new(entry.Id, entry.ToLine());

    /// <summary>Brings every waiting line to the bucket; throws <see cref="CloudException"/>, and then they wait on.</summary>
    public async Task FlushAsync(CancellationToken ct)
    {
        while (db.WaitingAudit(LinesPerObject) is { Count: > 0 } waiting)
        {
            await PutAsync(waiting[0].Number, waiting.Select(line => line.Body), ct);
            db.RemoveAudit(waiting);
        }
    }

    /// <summary>
    /// Brings lines to the bucket at once, after those that wait: what they announce is not begun before they are there, so
    /// there is nothing to keep. Null: all is there; else why not.
    /// </summary>
    public Task<string?> TryPutAsync(IReadOnlyCollection<AuditEntry> entries, CancellationToken ct) => TryAsync(async () =>
    {
        await FlushAsync(ct);
        foreach (var chunk in entries.Chunk(LinesPerObject)) await PutAsync(0, chunk.Select(entry => entry.ToLine()), ct);
    });

    /// <summary>At the end of a phase: what could not be brought is a problem, not a failure. Null: all is there.</summary>
    public async Task<string?> TryFlushAsync(CancellationToken ct) =>
        await TryAsync(() => FlushAsync(ct)) is { } fault ? $"the audit waits on this host, {fault}" : null;

    /// <summary><c>stale-pre-insert</c>, as people type it.</summary>
    public static string Word(CollectReason reason) => reason switch
    {
        CollectReason.Unhealthy => "unhealthy",
        CollectReason.Dangling => "dangling",
        CollectReason.Orphan => "orphan",
        CollectReason.DeletedButRunning => "deleted-but-running",
        _ => "stale-pre-insert",
    };

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
        return store.PutAsync(input.Shard, AuditKey.For(input.Shard.Shard, input.AsOf, $"{number:0000000000}-{hash}"), bytes, ct);
    }

    private bool IsNews(AuditEntry entry) =>
        db.GetMeta(LastAudited(entry))?.Split('|', 2) is not [var at, var saying]
        || saying != Saying(entry) || !GoTime.TryParse(at, out var last) || entry.At - last >= SaidAgain;

    private static string LastAudited(AuditEntry entry) => MetaKeys.LastAudited(entry.Instance, entry.Reason ?? "");

    // Why something would be terminated holds its age, which is another in every cycle.
    private static string Saying(AuditEntry entry) =>
        $"{(entry.DryRun ? "dry-run: " : "")}{entry.Action}{(entry.Action == "skipped" ? $": {entry.Why}" : "")}";

    private static string? Known(string? text) => text is { Length: > 0 } ? text : null;
}
