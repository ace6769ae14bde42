using Nstance.Temporal.Activities.Audit;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Records;
using Nstance.Temporal.Workflows.Contracts;

namespace Nstance.Temporal.Activities.Collection;

/// <summary>Candidates that are skipped: counted, reported, and their record kept where it knows more than the row.</summary>
internal sealed class Spared(ShardDatabase db, Tally tally, AuditTrail audit)
{
    /// <summary>Of whom nothing was announced.</summary>
    public void Leave(IEnumerable<Judged> judged, PhaseInput input) => audit.Tell(Left(judged, input));

    /// <summary>The audit announced their end: whoever reads it must see that they live.</summary>
    public void LeaveAnnounced(IEnumerable<Judged> judged, PhaseInput input)
    {
        if (input.DryRun) Leave(judged, input);
        else audit.Add(Left(judged, input));
    }

    private AuditEntry[] Left(IEnumerable<Judged> judged, PhaseInput input)
    {
        Judged[] left = [.. judged];
        foreach (var j in left) One(j, input);
        return [.. left.Select(j => audit.Of(j, "spared", j.Verdict.Why))];
    }

    private void One(Judged j, PhaseInput input)
    {
        var reason = j.Candidate.Reason;
        tally.Count(reason, c => c with { Spared = c.Spared + 1 });
        tally.Note(j, "spared", j.Verdict.Why);
        if (j.Now.Record is RecordRead.Invalid invalid)
        {
            tally.Invalid++;
            tally.Problem($"record {j.Now.RecordKey} cannot be understood: {invalid.Why}");
        }

        if (input.DryRun) return;
        var isOld = j.Verdict.Kind == VerdictKind.NotSo && j.Candidate.Row is { ProviderId: not null } row && row.RecordStatus.IsUnhealthy();
        if ((j.Verdict.Kind == VerdictKind.KeepRecord || isOld) && j.Now.Record is RecordRead.Found { Record: var record, ETag: var etag })
            db.UpsertRecords([new(etag, record)], input.AsOf);
    }
}
