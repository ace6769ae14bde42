using Nstance.Temporal.Activities.Cloud;
using Nstance.Temporal.Activities.LocalDb;
using Nstance.Temporal.Activities.Reconciling;
using Nstance.Temporal.Activities.Records;
using Nstance.Temporal.Workflows.Contracts;

namespace Nstance.Temporal.Activities.Collection;

/// <summary>
/// Ends garbage: candidates from the database, evidence about all of a reason, its limits, then in small batches: end at
/// the cloud → tell the group → delete the record → mark the row. A step that fails leaves the later ones undone; the
/// next cycle finds the rest. Safe to retry at any point.
/// </summary>
internal sealed class CollectPhase(
    ShardDatabase db, ICloud cloud, IRecordStore records, IEventSink events, Action heartbeat)
{
    private const int FinderPage = 500;

    // Evidence about so many is seconds old when they end; with more, each batch is asked about again.
    private const int EndBatch = 250;

    private readonly Tally _tally = new();
    private readonly HashSet<string> _settled = [];
    private readonly EvidenceReader _reader = new(db, cloud, records);
    private readonly GroupEvents _groups = new(db, events);

    public async Task<CollectResult> RunAsync(PhaseInput input, CancellationToken ct)
    {
        if (!input.DryRun) _tally.GroupsChanged += await _groups.SettleAsync(input, ct);
        var issuedBefore = input.AsOf - input.Timings.RegistrationTimeout;
        var dangling = Rows((after, take) => db.FindDangling(issuedBefore, after, take));
        var stale = Rows((after, take) => db.FindStalePreInserts(issuedBefore, after, take));
        await CollectAsync(CollectReason.Unhealthy, Rows(db.FindUnhealthy), input, ct);
        await CollectAsync(CollectReason.Dangling, [.. dangling.Where(r => !r.Orphan)], input, ct);
        await CollectAsync(CollectReason.Orphan, [.. dangling.Where(r => r.Orphan)], input, ct);
        await CollectAsync(CollectReason.StalePreInsert, stale, input, ct);
        return _tally.Result();
    }

    private static List<InstanceRow> Rows(Func<string?, int, IReadOnlyList<InstanceRow>> find)
    {
        var rows = new List<InstanceRow>();
        IReadOnlyList<InstanceRow> page;
        do
        {
            page = find(rows.Count > 0 ? rows[^1].Id : null, FinderPage);
            rows.AddRange(page);
        }
        while (page.Count == FinderPage);
        return rows;
    }

    private async Task CollectAsync(
        CollectReason reason, IReadOnlyCollection<InstanceRow> rows, PhaseInput input, CancellationToken ct)
    {
        var candidates = rows.Where(r => !_settled.Contains(r.Id)).Select(r => new Candidate(r, reason)).ToArray();
        if (candidates.Length == 0) return;
        _tally.Count(reason, c => c with { Candidates = c.Candidates + candidates.Length });
        var judged = new List<Judged>();
        foreach (var batch in candidates.Chunk(1000))
        {
            judged.AddRange(await _reader.JudgeAsync(batch, input, ct));
            heartbeat();
        }

        foreach (var j in judged.Where(j => j.Verdict.Kind != VerdictKind.NotSo)) _settled.Add(j.Candidate.Id);
        foreach (var j in judged.Where(j => !IsActing(j))) Leave(j, input);
        var ends = judged.Where(j => j.Verdict.Kind == VerdictKind.End).ToArray();
        var over = Limits.Exceeded(
            input.Limits, [.. ends.Select(j => (j.Candidate.Row.Tenant, j.Candidate.Row.Group ?? ""))],
            db.CountLiveByGroup(), db.CountLive());
        if (over is not null)
        {
            _tally.Count(reason, c => c with { OverLimit = c.OverLimit + ends.Length });
            _tally.Problem($"{reason}: {over}: none was ended");
            foreach (var j in ends) _tally.Note(j, "over-limit", j.Verdict.Why);
        }

        var acting = judged.Where(j => IsActing(j) && (over is null || j.Verdict.Kind == VerdictKind.Clean)).ToArray();
        var again = acting.Length > EndBatch;
        foreach (var batch in acting.Chunk(EndBatch))
        {
            var fresh = again ? await LookAgainAsync(batch, over is null, input, ct) : batch;
            await ActAsync(reason, fresh, input, ct);
            heartbeat();
        }
    }

    private async Task<Judged[]> LookAgainAsync(Judged[] batch, bool mayEnd, PhaseInput input, CancellationToken ct)
    {
        var now = await _reader.JudgeAsync([.. batch.Select(j => j.Candidate)], input, ct);
        bool Stands(Judged j) => j.Verdict.Kind == VerdictKind.Clean || (mayEnd && j.Verdict.Kind == VerdictKind.End);
        foreach (var j in now.Where(j => !Stands(j))) Leave(j, input);
        return [.. now.Where(Stands)];
    }

    private async Task ActAsync(CollectReason reason, Judged[] batch, PhaseInput input, CancellationToken ct)
    {
        if (batch.Length == 0) return;
        var ends = batch.Where(j => j.Verdict.Kind == VerdictKind.End).ToArray();
        var done = batch.Where(j => j.Verdict.Kind == VerdictKind.Clean).ToList();
        if (input.DryRun)
        {
            _tally.Count(reason, c => c with { Ended = c.Ended + ends.Length, AlreadyGone = c.AlreadyGone + done.Count });
            foreach (var j in ends) _tally.Note(j, "would-end", j.Verdict.Why);
            foreach (var j in done) _tally.Note(j, "would-clean", j.Verdict.Why);
            return;
        }

        _groups.Owe(batch);
        _tally.Count(reason, c => c with { AlreadyGone = c.AlreadyGone + done.Count });
        foreach (var j in done) _tally.Note(j, "already-gone", j.Verdict.Why);
        var results = ends.Length == 0
            ? new Dictionary<string, EndResult>()
            : await cloud.TerminateAsync([.. ends.Select(j => j.Now.Instance!)], ct);
        foreach (var j in ends)
        {
            if (Ended(reason, j, results.GetValueOrDefault(j.Now.Instance!.ProviderId))) done.Add(j);
        }

        _groups.Forget(batch.Except(done), done);
        _tally.GroupsChanged += await _groups.SettleAsync(input, ct);
        await CleanAsync(done, input, ct);
    }

    private bool Ended(CollectReason reason, Judged j, EndResult result)
    {
        var why = result.Why ?? "no answer about it";
        switch (result.Outcome)
        {
            case EndOutcome.Ended:
                _tally.Count(reason, c => c with { Ended = c.Ended + 1 });
                _tally.Note(j, "ended", j.Verdict.Why);
                return true;
            case EndOutcome.AlreadyGone:
                _tally.Count(reason, c => c with { AlreadyGone = c.AlreadyGone + 1 });
                _tally.Note(j, "already-gone", why);
                return true;
            case EndOutcome.Protected:
                _tally.Count(reason, c => c with { Spared = c.Spared + 1 });
                _tally.Note(j, "spared", why);
                return false;
            default:
                _tally.Count(reason, c => c with { Failed = c.Failed + 1 });
                _tally.Note(j, "failed", why);
                return false;
        }
    }

    /// <summary>The record, then the row: a row whose record stays is found again.</summary>
    private async Task CleanAsync(List<Judged> done, PhaseInput input, CancellationToken ct)
    {
        var keys = done.Select(j => j.Now.RecordKey).OfType<string>().Distinct().ToArray();
        var failed = keys.Length == 0
            ? new Dictionary<string, string>()
            : await records.DeleteAsync(input.Shard, keys, ct);
        foreach (var (key, why) in failed)
            _tally.Problem($"record {key} of an ended instance could not be deleted ({why}): the row waits for the next cycle");
        db.MarkDeleted(
            [.. done.Where(j => j.Now.RecordKey is null || !failed.ContainsKey(j.Now.RecordKey)).Select(j => j.Candidate.Id)],
            input.AsOf);
    }

    private void Leave(Judged j, PhaseInput input)
    {
        var reason = j.Candidate.Reason;
        _tally.Count(reason, c => c with { Spared = c.Spared + 1 });
        _tally.Note(j, "spared", j.Verdict.Why);
        if (j.Now.Record is RecordRead.Invalid invalid)
        {
            _tally.Invalid++;
            _tally.Problem($"record {j.Now.RecordKey} cannot be understood: {invalid.Why}");
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
            case { Kind: VerdictKind.NotSo } when j.Now.Record is RecordRead.Found
                && Domain.InstanceStatuses.IsUnhealthy(j.Candidate.Row.RecordStatus):
                db.ClearRecordStatus(j.Candidate.Id);
                break;
        }
    }

    private static bool IsActing(Judged j) => j.Verdict.Kind is VerdictKind.End or VerdictKind.Clean;
}
