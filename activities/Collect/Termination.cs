using Nstance.Temporal.Activities.Audit;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Activities.Collect;

/// <summary>
/// The steps of an end: tell the audit → end (or quarantine) at the cloud → tell the group → delete the record → mark the
/// row. A step that fails leaves the later ones undone; the next cycle finds the rest.
/// </summary>
internal sealed class Termination(
    ShardDatabase db, ICloud cloud, IRecordStore records, GroupEvents groups, CollectSummary summary, AuditTrail audit)
{
    // One call for each, in every cycle of a dry-run: what EC2 answers within seconds.
    private const int MaxAsked = 100;

    private readonly List<AuditEntry> _told = [];
    private int _asked;

    /// <summary>Gives the approval by which an instance ends over a limit; null: it needs none.</summary>
    public Func<Assessment, Approval?> ApprovalOf { get; set; } = _ => null;

    /// <summary>True: something of the approved plan is still to be done.</summary>
    public bool ApprovedFailed { get; private set; }

    /// <summary>
    /// Writes down, in the bucket, what is about to end. No machine is ended without a trace: where that fails, only what
    /// is gone already is cleaned.
    /// </summary>
    public async Task<IReadOnlyList<Assessment>> AnnounceAsync(
        CollectReason reason, IReadOnlyList<Assessment> acting, PhaseInput input, CancellationToken ct)
    {
        var ends = acting.Where(j => j.IsEnding).ToArray();
        if (ends.Length == 0 || input.DryRun) return acting;
        var lines = ends.Select(j => Entry(j, j.Verdict.Kind == VerdictKind.Terminate ? "terminating" : "quarantining", j.Verdict.Why));
        if (await audit.TryPutAsync([.. lines], ct) is not { } fault) return acting;
        summary.Problem($"{reason}: none of {ends.Length} was terminated, because the audit could not be written: {fault}");
        foreach (var j in ends) Fail(j, "not tried: the audit could not be written");
        audit.Tell(_told);
        _told.Clear();
        return [.. acting.Where(j => !j.IsEnding)];
    }

    public async Task RunAsync(IReadOnlyList<Assessment> batch, PhaseInput input, CancellationToken ct)
    {
        if (batch.Count == 0) return;
        var done = batch.Where(j => j.Verdict.Kind == VerdictKind.CleanUp).ToList();
        if (input.DryRun)
        {
            await WouldAsync(batch, ct);
            return;
        }

        groups.Owe(batch.Where(j => j.Verdict.Kind != VerdictKind.Quarantine));
        foreach (var j in done) Gone(j, j.Verdict.Why);
        var ends = batch.Where(j => j.Verdict.Kind == VerdictKind.Terminate).ToArray();
        var results = ends.Length == 0 ? new Dictionary<string, TerminateResult>() : await cloud.TerminateAsync(Instances(ends), ct);
        foreach (var j in ends)
        {
            if (IsDone(j, results.GetValueOrDefault(j.Now.Instance!.ProviderId))) done.Add(j);
        }

        await QuarantineAsync([.. batch.Where(j => j.Verdict.Kind == VerdictKind.Quarantine)], input, ct);
        Keep();
        groups.Forget(batch.Except(done), done);
        summary.GroupsChanged += await groups.SettleAsync(input, ct);
        await CleanAsync(done, input, ct);
    }

    private static CloudInstance[] Instances(IEnumerable<Assessment> judged) => [.. judged.Select(j => j.Now.Instance!)];

    private async Task QuarantineAsync(Assessment[] judged, PhaseInput input, CancellationToken ct)
    {
        if (judged.Length == 0) return;
        var results = await cloud.QuarantineAsync(Instances(judged), input.AsOf, ct);
        foreach (var j in judged) IsDone(j, results.GetValueOrDefault(j.Now.Instance!.ProviderId));
    }

    private async Task WouldAsync(IReadOnlyList<Assessment> batch, CancellationToken ct)
    {
        var ends = batch.Where(j => j.IsEnding).ToArray();
        Assessment[] asked = [.. ends.Take(MaxAsked - _asked)];
        _asked += asked.Length;
        var answers = asked.Length == 0
            ? new Dictionary<string, TerminateResult>()
            : new Dictionary<string, TerminateResult>(await cloud.FindProtectedAsync(Instances(asked), ct));
        foreach (var j in ends.Skip(asked.Length)) answers[j.Now.Instance!.ProviderId] = new(TerminateOutcome.Failed, $"only {MaxAsked} are asked about in a dry-run");
        foreach (var j in batch) Would(j, j.IsEnding && answers.TryGetValue(j.Now.Instance!.ProviderId, out var answer) ? answer : null);
        audit.Tell(_told);
        _told.Clear();
    }

    /// <param name="j">What is judged.</param>
    /// <param name="answer">What the cloud says against its end; null: nothing.</param>
    private void Would(Assessment j, TerminateResult? answer)
    {
        var (action, why, change) = (j.Verdict.Kind, answer?.Outcome) switch
        {
            (VerdictKind.CleanUp, _) => ("would-clean", j.Verdict.Why, (Func<CollectCounts, CollectCounts>)(c => c with { AlreadyGone = c.AlreadyGone + 1 })),
            (_, TerminateOutcome.Protected) => ("skipped", answer?.Why ?? "", c => c with { Skipped = c.Skipped + 1 }),
            (VerdictKind.Quarantine, _) => ("would-quarantine", j.Verdict.Why, c => c with { Quarantined = c.Quarantined + 1 }),
            _ => ("would-terminate", j.Verdict.Why, c => c with { Terminated = c.Terminated + 1 }),
        };
        if (answer is { Outcome: TerminateOutcome.Failed, Why: var unknown }) why = $"{why}; unless the cloud protects it ({unknown})";
        summary.Count(j.Candidate.Reason, change);
        summary.Note(j, action, why);
        _told.Add(audit.Of(j, action, why));
    }

    /// <returns>True: nothing is left at the cloud, so record and row may go.</returns>
    private bool IsDone(Assessment j, TerminateResult result)
    {
        var (reason, why) = (j.Candidate.Reason, result.Why ?? "no answer about it");
        switch (result.Outcome)
        {
            case TerminateOutcome.Terminated or TerminateOutcome.Quarantined:
                var isEnd = result.Outcome == TerminateOutcome.Terminated;
                summary.Count(reason, c => isEnd ? c with { Terminated = c.Terminated + 1 } : c with { Quarantined = c.Quarantined + 1 });
                var approval = ApprovalOf(j);
                if (approval is not null) summary.Approved++;
                var said = result.Why is { } more && !isEnd ? $"{j.Verdict.Why}; {more}" : j.Verdict.Why;
                Tell(j, isEnd ? "terminated" : "quarantined", said, approval is null ? said : $"{said}; approved by {approval.By}");
                return isEnd;
            case TerminateOutcome.AlreadyGone:
                Gone(j, why);
                return true;
            case TerminateOutcome.Protected:
                summary.Count(reason, c => c with { Skipped = c.Skipped + 1 });
                Tell(j, "skipped", why, why);
                ApprovedFailed |= ApprovalOf(j) is not null;
                return false;
            default:
                Fail(j, why);
                return false;
        }
    }

    private void Gone(Assessment j, string why)
    {
        summary.Count(j.Candidate.Reason, c => c with { AlreadyGone = c.AlreadyGone + 1 });
        Tell(j, "already-gone", why, why);
    }

    private void Fail(Assessment j, string why)
    {
        summary.Count(j.Candidate.Reason, c => c with { Failed = c.Failed + 1 });
        Tell(j, "failed", why, why);
        ApprovedFailed |= ApprovalOf(j) is not null;
    }

    private void Tell(Assessment j, string action, string why, string note)
    {
        summary.Note(j, action, note);
        _told.Add(Entry(j, action, why));
    }

    /// <summary>In the database before the record goes: what follows may fail, what was done stays told.</summary>
    private void Keep()
    {
        audit.Add(_told);
        _told.Clear();
    }

    private AuditEntry Entry(Assessment j, string action, string why) => audit.Of(j, action, why, ApprovalOf(j));

    /// <summary>The record, then the row: a row whose record stays is found again.</summary>
    private async Task CleanAsync(List<Assessment> done, PhaseInput input, CancellationToken ct)
    {
        var keys = done.Select(j => j.Now.RecordKey).OfType<string>().Distinct().ToArray();
        var failed = keys.Length == 0
            ? new Dictionary<string, string>()
            : await records.DeleteAsync(input.Shard, keys, ct);
        foreach (var (key, why) in failed)
            summary.Problem($"record {key} of a terminated instance could not be deleted ({why}): the row waits for the next cycle");
        db.MarkDeleted(
            [.. done.Where(j => j.Now.RecordKey is null || !failed.ContainsKey(j.Now.RecordKey)).Select(j => j.Candidate.Row)],
            input.AsOf);
    }
}
