using Nstance.Temporal.Activities.Audit;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Activities.Collect;

/// <summary>Candidates that are skipped: counted, reported, and their record kept where it knows more than the row.</summary>
internal sealed class Skipped(ShardDatabase db, CollectSummary summary, AuditTrail audit)
{
    /// <summary>Of whom nothing was announced.</summary>
    public void Leave(IEnumerable<Assessment> judged, PhaseInput input) => audit.Tell(Left(judged, input));

    /// <summary>The audit announced their end: whoever reads it must see that they live.</summary>
    public void LeaveAnnounced(IEnumerable<Assessment> judged, PhaseInput input)
    {
        if (input.DryRun) Leave(judged, input);
        else audit.Add(Left(judged, input));
    }

    private AuditEntry[] Left(IEnumerable<Assessment> judged, PhaseInput input)
    {
        Assessment[] left = [.. judged];
        foreach (var j in left) One(j, input);
        return [.. left.Select(j => audit.Of(j, "skipped", j.Verdict.Why))];
    }

    private void One(Assessment j, PhaseInput input)
    {
        var reason = j.Candidate.Reason;
        summary.Count(reason, c => c with { Skipped = c.Skipped + 1 });
        summary.Note(j, "skipped", j.Verdict.Why);
        if (j.Now.Record is RecordRead.Invalid invalid)
        {
            summary.Invalid++;
            summary.Problem($"record {j.Now.RecordKey} cannot be understood: {invalid.Why}");
        }

        if (input.DryRun) return;
        var isOld = j.Verdict.Kind == VerdictKind.Refuted && j.Candidate.Row is { ProviderId: not null } row && row.RecordStatus.IsUnhealthy();
        if ((j.Verdict.Kind == VerdictKind.KeepRecord || isOld) && j.Now.Record is RecordRead.Found { Record: var record, ETag: var etag })
            db.UpsertRecords([new(etag, record)], input.AsOf);
    }
}
