using Nstance.Temporal.Activities.Audit;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.LocalDb;
using Nstance.Temporal.Activities.Records;
using Nstance.Temporal.Workflows.Contracts;

namespace Nstance.Temporal.Activities.Collection;

/// <summary>Candidates that live: counted, told, and written down where evidence knows more than the row.</summary>
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
        switch (j.Verdict)
        {
            case { Kind: VerdictKind.Registered } when j.Now.Record is RecordRead.Found { Record.RegisteredAt: { } at }:
                db.SetRegistered(j.Candidate.Id, at, input.AsOf);
                break;
            case { Kind: VerdictKind.Adopt, ProviderId: { } provider }:
                db.SetProviderId(j.Candidate.Id, provider, input.AsOf);
                break;
            case { Kind: VerdictKind.NotSo } when j.Candidate.Row.ProviderId is not null && j.Now.Record is RecordRead.Found
                && InstanceStatuses.IsUnhealthy(j.Candidate.Row.RecordStatus):
                db.ClearRecordStatus(j.Candidate.Id);
                break;
        }
    }
}
