using Nstance.Temporal.Activities.Audit;
using Nstance.Temporal.Activities.Cloud;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.LocalDb;
using Nstance.Temporal.Activities.Records;
using Nstance.Temporal.Workflows.Contracts;

namespace Nstance.Temporal.Activities.Collection;

/// <summary>
/// Registered rows that name no instance, and whose agents are silent: the answer to the launch was lost, and the machine went
/// before any listing showed it. No other step looks at them. They are marked when the cloud, asked by tag, and the record know
/// of no instance; the retention then begins, in which a listing may revive them.
/// </summary>
internal sealed class Vanished(
    ShardDatabase database, ICloud cloud, IRecordStore records, Notes notes, AuditTrail audit, Action<string> heartbeat)
{
    private const int PageSize = 500;

    public async Task<SyncResult> JudgeAsync(PhaseInput input, SyncResult result, CancellationToken cancellationToken)
    {
        if (SilentSince(input) is not { } silentSince) return result;
        var isSilenceKnown = !database.IsOwn || database.AnyHealth();
        var reader = new EvidenceReader(database, cloud, records);
        IReadOnlyList<InstanceRow> page = [];
        do
        {
            page = database.FindVanished(silentSince, page.Count > 0 ? page[^1].Id : null, PageSize);
            if (page.Count == 0) break;
            var now = await reader.AskAsync(page, input, cancellationToken);

            // In a wrong account or region nothing is found: without one own instance in sight that is no evidence.
            if (result.Listed == 0 && !reader.SawOwn)
            {
                notes.Problem($"the cloud lists nothing, and none of {page.Count} rows without an instance: wrong account or region? None was marked");
                return result with { Spared = result.Spared + page.Count };
            }

            // A tag is weaker evidence than an id: what puts the listing in doubt puts the search in doubt too.
            if (result.Suspect is not null)
            {
                notes.Problem($"{page.Count} rows without an instance were left alone, because {result.Suspect}");
                return result with { Spared = result.Spared + page.Count };
            }

            var judged = page.Where(row => isSilenceKnown || HasEnded(now[row.Id]));
            var (marked, spared) = Act(judged.Select(row => (row, Evidence.Vanished(now[row.Id].Row, now[row.Id], silentSince, input))), silentSince, input);
            result = result with { MarkedDeleted = result.MarkedDeleted + marked, Spared = result.Spared + spared };
            heartbeat("sync: asked for rows without an instance");
        }
        while (page.Count == PageSize);

        return result;
    }

    /// <summary>Where nobody reports, silence says nothing: there the cloud must still show the machine, terminated.</summary>
    private static bool HasEnded(Findings now) => now.Tagged?.Any(i => i.Status == InstanceStatus.Deleted) is true;

    /// <summary>Null: nobody looked for long enough.</summary>
    private DateTimeOffset? SilentSince(PhaseInput input)
    {
        TimeSpan[] waits = [input.Timings.RegistrationTimeout, 3 * input.Timings.HealthCheckInterval, input.Timings.SettleTime];
        var since = input.AsOf - waits.Max();
        return input.Sight?.Since >= since || database.GetMetaTime(MetaKeys.HealthFrom) >= since ? null : since;
    }

    private (int Marked, int Spared) Act(IEnumerable<(InstanceRow Row, Verdict Verdict)> judged, DateTimeOffset silentSince, PhaseInput input)
    {
        var (gone, left) = (new List<(InstanceRow Row, string Why)>(), new List<(InstanceRow Row, string Why)>());
        foreach (var (row, verdict) in judged)
        {
            (verdict.Kind == VerdictKind.Clean ? gone : left).Add((row, verdict.Why));
            if (verdict is { Kind: VerdictKind.Adopt, ProviderId: { } provider } && !input.DryRun) database.SetProviderId(row.Id, provider, input.AsOf);
        }

        audit.Tell(left.Select(l => audit.Of(l.Row, "spared", "sync", l.Why)));
        foreach (var (row, why) in left) notes.Sample(row, "spared", why);
        foreach (var (row, why) in gone) notes.Sample(row, input.DryRun ? "would mark deleted" : "marked deleted", why);
        if (!input.DryRun)
        {
            var lines = gone.ConvertAll(g => (g.Row.Id, AuditTrail.Line(audit.Of(g.Row, "marked-deleted", "sync", g.Why))));
            return (database.MarkVanished(lines, silentSince, input.AsOf), left.Count);
        }

        audit.Tell(gone.Select(g => audit.Of(g.Row, "would-mark-deleted", "sync", g.Why)));
        return (0, left.Count);
    }
}
