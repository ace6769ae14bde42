using Nstance.Temporal.Activities.Audit;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Activities.Collect;

/// <summary>
/// The steps of a termination: announce it in the audit, terminate or quarantine, send the group event, delete the
/// record, mark the row. After a crash the next sync finds the machine terminated and marks the row.
/// </summary>
internal sealed class Termination(
    ShardDatabase database, ICloud cloud, RecordDeletions records, GroupEvents groups, Outcomes outcomes,
    CollectSummary summary, AuditTrail audit, PhaseInput input)
{
    /// <summary>Instances that one dry-run checks, with one call for each. A cloud answers them in seconds.</summary>
    private const int MaxProtectionChecks = 25;

    private int _protectionChecks;

    /// <summary>
    /// Writes the terminations to the bucket before they begin. If that fails, no machine is terminated, and only
    /// instances that are already gone are cleaned up.
    /// </summary>
    public async Task<IReadOnlyList<Assessment>> AnnounceAsync(IReadOnlyList<Assessment> acting, CancellationToken ct)
    {
        var terminating = acting.Where(a => a.IsTerminating).ToArray();
        if (terminating.Length == 0 || input.DryRun) return acting;
        if (await audit.TryPutAsync([.. terminating.Select(outcomes.Announcement)], ct) is not { } fault) return acting;
        summary.Notes.Outage(
            $"{terminating[0].Reason}: none of {terminating.Length} was terminated, "
            + $"because the audit could not be written: {fault}");
        foreach (var a in terminating) outcomes.Failed(a, "not tried: the audit could not be written");
        outcomes.Keep(isNews: true);
        return [.. acting.Except(terminating)];
    }

    /// <summary>
    /// Terminates and cleans up a batch. It calls <paramref name="beat"/> after the calls to the cloud.
    /// </summary>
    public async Task RunAsync(IReadOnlyList<Assessment> batch, Action beat, CancellationToken ct)
    {
        if (batch.Count == 0) return;
        if (input.DryRun)
        {
            await WouldAsync(batch, ct);
            return;
        }

        var byKind = batch.ToLookup(a => a.Verdict.Kind);
        var gone = batch.Where(a => a.IsWithoutMachine).ToList();
        groups.Add(batch.Except(byKind[VerdictKind.Quarantine]));
        foreach (var a in gone) outcomes.AlreadyGone(a, a.Verdict.Why);
        gone.AddRange(await TerminateAsync([.. byKind[VerdictKind.Terminate]], ct));
        await QuarantineAsync([.. byKind[VerdictKind.Quarantine]], ct);
        outcomes.Keep();
        beat();
        groups.Remove(batch.Except(gone), gone);
        summary.GroupsChanged += await groups.FlushAsync(ct);
        await CleanUpAsync(gone, ct);
    }

    private static CloudInstance[] Instances(IEnumerable<Assessment> assessments) =>
        [.. assessments.Select(a => a.Evidence.Machine)];

    private async Task<IEnumerable<Assessment>> TerminateAsync(Assessment[] terminating, CancellationToken ct)
    {
        if (terminating.Length == 0) return [];
        var results = await cloud.TerminateAsync(Instances(terminating), ct);
        return terminating.Where(a => outcomes.Answered(a, results.GetValueOrDefault(a.Evidence.Machine.ProviderId)))
            .ToArray();
    }

    private async Task QuarantineAsync(Assessment[] quarantining, CancellationToken ct)
    {
        if (quarantining.Length == 0) return;
        var results = await cloud.QuarantineAsync(Instances(quarantining), input.AsOf, ct);
        foreach (var a in quarantining)
            outcomes.Answered(a, results.GetValueOrDefault(a.Evidence.Machine.ProviderId));
    }

    private async Task WouldAsync(IReadOnlyList<Assessment> batch, CancellationToken ct)
    {
        var terminating = batch.Where(a => a.IsTerminating).ToArray();
        var asked = terminating.Take(MaxProtectionChecks - _protectionChecks).ToArray();
        _protectionChecks += asked.Length;
        var protections = asked.Length == 0
            ? new Dictionary<string, TerminateResult>()
            : new Dictionary<string, TerminateResult>(await cloud.FindProtectedAsync(Instances(asked), ct));
        var notAsked = new TerminateResult(
            TerminateOutcome.Failed, $"a dry-run checks at most {MaxProtectionChecks} for protection");
        foreach (var a in terminating.Skip(asked.Length)) protections[a.Evidence.Machine.ProviderId] = notAsked;
        foreach (var a in batch)
        {
            var id = a.IsTerminating ? a.Evidence.Machine.ProviderId : "";
            outcomes.Would(a, protections.TryGetValue(id, out var protection) ? protection : null);
        }

        outcomes.Keep();
    }

    /// <summary>
    /// Deletes the records, then marks the rows. A record that the bucket does not delete is retried later; its row is
    /// marked, because its machine is terminated.
    /// </summary>
    private async Task CleanUpAsync(List<Assessment> gone, CancellationToken ct)
    {
        await records.DeleteAsync(
            from a in gone
            where a.Verdict.Kind != VerdictKind.Mark
            let key = a.Evidence.RecordKey
            where key is not null
            select new KeptRecord(a.Candidate.Id, key, (a.Evidence.Record as RecordRead.Found)?.ETag, "")
            {
                Tenant = a.Tenant,
                Group = a.Group,
                Reason = a.Reason,
            },
            ct);
        database.MarkDeleted([.. gone.Select(a => a.Candidate.Row)], input.AsOf);
    }
}
