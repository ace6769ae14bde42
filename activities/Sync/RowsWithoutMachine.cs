using Nstance.Temporal.Activities.Audit;
using Nstance.Temporal.Activities.Collect;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Rules;
using Nstance.Temporal.Activities.Telemetry;

namespace Nstance.Temporal.Activities.Sync;

/// <summary>
/// Registered rows that name no machine, and whose agents are silent: the answer to the launch was lost, and the machine
/// went before any listing showed it. They are marked as deleted when the cloud, asked by tag, and the record know of no
/// machine.
/// </summary>
internal sealed class RowsWithoutMachine(
    ShardDatabase database, ICloud cloud, IRecordStore records, PhaseNotes notes, AuditTrail audit)
{
    /// <param name="input">The phase's.</param>
    /// <param name="result">So far.</param>
    /// <param name="unnamed">Live rows that name no machine.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<SyncResult> RunAsync(
        PhaseInput input, SyncResult result, IReadOnlyList<InstanceRow> unnamed, CancellationToken cancellationToken)
    {
        if (SilentSince(input) is not { } silentSince) return result;
        var rows = unnamed.Where(row => row.RegisteredAt is not null && row.Carriers == 0 && row.LastSign < silentSince
            && row.InvalidColumns.Count == 0).ToList();
        if (rows.Count == 0) return result;
        var isSilenceKnown = !database.IsOwn || database.CountHealth(silentSince).Reported > 0;
        var reader = new EvidenceReader(database, cloud, records);
        var now = await reader.AskAsync(rows, input, cancellationToken);

        // In a wrong account or region nothing is found: without one own instance in sight that is no evidence. A tag is
        // weaker evidence than an id: what puts the listing in doubt puts the search in doubt too.
        var doubt = result.Suspect ?? (result.Listed == 0 && !reader.SawOwn ? "the cloud lists nothing: wrong account or region?" : null);
        if (doubt is not null)
        {
            notes.Problem($"{rows.Count} rows without a machine were skipped, because {doubt}");
            return result with { Skipped = result.Skipped + rows.Count };
        }

        var judged = rows.Where(row => isSilenceKnown || HasEnded(now[row.Id]))
            .Select(row => (Row: row, Verdict: TerminationRules.WithoutMachine(now[row.Id].Row, now[row.Id], silentSince, input))).ToList();
        foreach (var row in judged.Where(j => j.Verdict.Kind == VerdictKind.KeepRecord).Select(j => j.Row))
        {
            if (now[row.Id].Record is RecordRead.Found { Record: var record, ETag: var etag })
                database.UpsertRecords([new(etag, record)], input.AsOf);
        }

        var gone = judged.Where(j => j.Verdict.Kind == VerdictKind.CleanUp).ToList();
        var skipped = judged.Where(j => j.Verdict.Kind != VerdictKind.CleanUp).ToList();
        audit.Tell(skipped.Select(s => audit.Of(s.Row, "skipped", "sync", s.Verdict.Why)));
        foreach (var (row, verdict) in skipped) notes.Sample(row, "skipped", verdict.Why);
        foreach (var (row, verdict) in gone) notes.Sample(row, input.DryRun ? "would mark deleted" : "marked deleted", verdict.Why);
        return result with { MarkedDeleted = result.MarkedDeleted + Mark(gone, silentSince, input), Skipped = result.Skipped + skipped.Count };
    }

    /// <summary>Where no agent reports, silence says nothing: there the cloud must still show the machine, terminated.</summary>
    private static bool HasEnded(Evidence now) => now.Tagged?.Any(i => i.Status == InstanceStatus.Deleted) is true;

    /// <summary>Null: health was not evaluated for long enough.</summary>
    private DateTimeOffset? SilentSince(PhaseInput input)
    {
        TimeSpan[] waits = [input.Timings.RegistrationTimeout, 3 * input.Timings.HealthCheckInterval, input.Timings.SettleTime];
        var since = input.AsOf - waits.Max();
        return input.Grace?.Since >= since || database.GetMetaTime(MetaKeys.HealthFrom) >= since ? null : since;
    }

    private int Mark(List<(InstanceRow Row, Verdict Verdict)> gone, DateTimeOffset silentSince, PhaseInput input)
    {
        if (!input.DryRun)
        {
            var lines = gone.ConvertAll(g => (g.Row.Id, AuditTrail.Line(audit.Of(g.Row, "marked-deleted", "sync", g.Verdict.Why))));
            return database.MarkWithoutMachine(lines, silentSince, input.AsOf);
        }

        audit.Tell(gone.Select(g => audit.Of(g.Row, "would-mark-deleted", "sync", g.Verdict.Why)));
        return 0;
    }
}
