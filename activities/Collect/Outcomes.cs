using Nstance.Temporal.Activities.Audit;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Records;
using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Activities.Collect;

/// <summary>Counts the outcome of each candidate, and adds it to the report and to the audit.</summary>
internal sealed class Outcomes(
    ShardDatabase database, AuditTrail audit, CollectSummary summary, ShardPlans plans, PhaseInput input)
{
    private readonly List<AuditEntry> _done = [];

    /// <summary>True if a part of the approved plan is not done.</summary>
    public bool ApprovedFailed { get; private set; }

    /// <summary>Skips candidates that no audit line announced. The audit contains only news of them.</summary>
    public void Skip(IEnumerable<Assessment> skipped) => audit.AddNews(Skipped(skipped));

    /// <summary>
    /// Skips announced candidates. The audit must say each time that they were not terminated.
    /// </summary>
    /// <param name="skipped">The candidates.</param>
    /// <param name="isExpired">True if their evidence got too old.</param>
    public void SkipAnnounced(IEnumerable<Assessment> skipped, bool isExpired = false)
    {
        var entries = Skipped(skipped, isExpired);
        if (input.DryRun) audit.AddNews(entries);
        else audit.Add(entries);
    }

    /// <summary>Notes candidates that a limit or a guard holds back.</summary>
    public void HoldBack(IReadOnlyList<Assessment> held, CollectAction action, string why)
    {
        var word = action == CollectAction.Blocked ? "blocked" : "over-limit";
        foreach (var a in held) summary.Add(a, action, word, a.Verdict.Why);
        ApprovedFailed |= held.Any(a => plans.Approves(a.Candidate));
        audit.AddNews(held.Select(a => audit.Of(a, word, $"{why}; {a.Verdict.Why}")));
    }

    /// <summary>Returns the line that is written to the bucket before a termination.</summary>
    public AuditEntry Announcement(Assessment a) => Entry(
        a, a.Verdict.Kind == VerdictKind.Terminate ? "terminating" : "quarantining", a.Verdict.Why);

    public void AlreadyGone(Assessment a, string why) => Done(a, CollectAction.AlreadyGone, "already-gone", why);

    public void Failed(Assessment a, string why)
    {
        Done(a, CollectAction.Failed, "failed", why);
        ApprovedFailed |= plans.Approves(a.Candidate);
    }

    /// <summary>Notes the cloud's answer. True if the machine is gone, so that record and row may follow.</summary>
    public bool Answered(Assessment a, TerminateResult result)
    {
        var why = result.Why ?? "no answer about it";
        switch (result.Outcome)
        {
            case TerminateOutcome.Terminated:
                Done(a, CollectAction.Terminated, "terminated", a.Verdict.Why);
                return true;
            case TerminateOutcome.Quarantined:
                Done(
                    a, CollectAction.Quarantined, "quarantined",
                    result.Why is { } more ? $"{a.Verdict.Why}; {more}" : a.Verdict.Why);
                return false;
            case TerminateOutcome.AlreadyGone:
                AlreadyGone(a, why);
                return true;
            case TerminateOutcome.Protected:
                Done(a, CollectAction.Skipped, "skipped", why);
                ApprovedFailed |= plans.Approves(a.Candidate);
                return false;
            default:
                if (result.IsOutage) summary.Notes.Outage($"the cloud did not terminate or stop instances: {why}");
                Failed(a, why);
                return false;
        }
    }

    /// <summary>Notes what an enforcing cycle would do. The cloud may protect the instance.</summary>
    public void Would(Assessment a, TerminateResult? protection)
    {
        if (protection is { Outcome: TerminateOutcome.Protected, Why: var reason })
        {
            Done(a, CollectAction.Skipped, "skipped", reason ?? "");
            return;
        }

        var why = protection is { Why: var unknown }
            ? $"{a.Verdict.Why}; unless the cloud protects it ({unknown})"
            : a.Verdict.Why;
        var (action, word) = a.Verdict.Kind switch
        {
            VerdictKind.CleanUp or VerdictKind.Mark => (CollectAction.AlreadyGone, "would-clean"),
            VerdictKind.Quarantine => (CollectAction.Quarantined, "would-quarantine"),
            _ => (CollectAction.Terminated, "would-terminate"),
        };
        Done(a, action, word, why);
    }

    /// <summary>
    /// Adds the outcomes to the audit before the record is deleted, because the next step may fail. Outcomes that
    /// repeat in each cycle are added as news.
    /// </summary>
    public void Keep(bool isNews = false)
    {
        if (isNews || input.DryRun) audit.AddNews(_done);
        else audit.Add(_done);
        _done.Clear();
    }

    private void Done(Assessment a, CollectAction action, string word, string why)
    {
        var isApproved = action is CollectAction.Terminated or CollectAction.Quarantined && plans.Approves(a.Candidate);
        if (isApproved) summary.Approved++;
        else if (action is CollectAction.Terminated or CollectAction.Quarantined) summary.AddLimited(a, action);
        summary.Add(a, action, word, isApproved ? $"{why}; approved by {input.Approval!.By}" : why);
        _done.Add(Entry(a, word, why));
    }

    private AuditEntry Entry(Assessment a, string word, string why) =>
        audit.Of(a, word, why, plans.Approves(a.Candidate) ? input.Approval : null);

    private List<AuditEntry> Skipped(IEnumerable<Assessment> skipped, bool isExpired = false)
    {
        var entries = new List<AuditEntry>();
        foreach (var a in skipped)
        {
            summary.Add(a, CollectAction.Skipped, "skipped", a.Verdict.Why);
            // An approval is valid for an hour. An outage, a pause or a grace period must not use it up.
            ApprovedFailed |= (isExpired || a.Evidence.IsIncomplete || a.Verdict.IsWaiting)
                && plans.Approves(a.Candidate);
            entries.Add(audit.Of(a, "skipped", a.Verdict.Why));
            if (a.Evidence.Record is RecordRead.Invalid invalid)
                summary.Notes.Invalid($"record {a.Evidence.RecordKey} is invalid: {invalid.Why}");
            if (!input.DryRun) KeepRecord(a);
        }

        return entries;
    }

    /// <summary>Stores a record that knows more than the row, or no longer says what it said before.</summary>
    private void KeepRecord(Assessment a)
    {
        var row = a.Candidate.Row;
        var isOutdated = a.Verdict.Kind == VerdictKind.Refuted
            && row.ProviderId is not null && row.RecordStatus.IsUnhealthy();
        if ((a.Verdict.Kind == VerdictKind.KeepRecord || isOutdated) && a.Evidence.Record is RecordRead.Found found)
            database.UpsertRecords([new(found.ETag, found.Record)], input.AsOf);
    }
}
