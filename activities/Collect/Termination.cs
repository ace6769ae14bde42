using Nstance.Temporal.Activities.Audit;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Activities.Collect;

/// <summary>
/// The steps of a termination: announce it in the audit → terminate or quarantine at the cloud → send the group event →
/// delete the record → mark the row. A step that fails leaves the later ones undone; the next cycle finds them.
/// </summary>
internal sealed class Termination(
    ShardDatabase database, ICloud cloud, IRecordStore records, GroupEvents groups, Outcomes outcomes, AuditTrail audit,
    PhaseInput input)
{
    /// <summary>
    /// Instances that one dry-run asks about: one call for each, as many as a cloud answers within seconds.
    /// </summary>
    private const int MaxProtectionChecks = 100;

    private int _protectionChecks;

    /// <summary>
    /// Writes to the bucket what is about to be terminated. If that fails, only what is gone already is cleaned up: no
    /// machine is terminated without a trace.
    /// </summary>
    public async Task<IReadOnlyList<Assessment>> AnnounceAsync(
        IReadOnlyList<Assessment> acting, CancellationToken ct)
    {
        var terminating = acting.Where(a => a.IsTerminating).ToArray();
        if (terminating.Length == 0 || input.DryRun) return acting;
        if (await audit.TryPutAsync([.. terminating.Select(outcomes.Announcement)], ct) is not { } fault) return acting;
        outcomes.Outage(
            $"{terminating[0].Reason}: none of {terminating.Length} was terminated, "
            + $"because the audit could not be written: {fault}");
        foreach (var a in terminating) outcomes.Failed(a, "not tried: the audit could not be written");
        outcomes.KeepNews();
        return [.. acting.Except(terminating)];
    }

    public async Task RunAsync(IReadOnlyList<Assessment> batch, CancellationToken ct)
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
        groups.Remove(batch.Except(gone), gone);
        outcomes.AddGroups(await groups.FlushAsync(ct));
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

    /// <summary>The record, then the row: a row whose record stays is found again.</summary>
    private async Task CleanUpAsync(List<Assessment> gone, CancellationToken ct)
    {
        var keys = gone.Where(a => a.Verdict.Kind != VerdictKind.Mark)
            .Select(a => a.Evidence.RecordKey).OfType<string>().Distinct().ToArray();
        var failed = keys.Length == 0
            ? new Dictionary<string, string>()
            : await records.DeleteAsync(input.Shard, keys, ct);
        foreach (var (key, why) in failed)
        {
            outcomes.Outage(
                $"record {key} of a terminated instance could not be deleted ({why}): "
                + "the row waits for the next cycle");
        }

        bool IsKept(Assessment a) => a.Evidence.RecordKey is { } key && failed.ContainsKey(key);
        database.MarkDeleted([.. gone.Where(a => !IsKept(a)).Select(a => a.Candidate.Row)], input.AsOf);
    }
}
