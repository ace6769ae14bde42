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
    private readonly Plans _plans = new(db);
    private readonly List<Judged> _all = [];
    private readonly List<Judged> _held = [];
    private readonly List<string> _exceeded = [];
    private IReadOnlyDictionary<string, PlanItem>? _approved;
    private bool _approvedFailed;

    public async Task<CollectResult> RunAsync(PhaseInput input, CancellationToken ct)
    {
        if (!input.DryRun) _tally.GroupsChanged += await _groups.SettleAsync(input, ct);
        if (Suspicion.Before(db, input, ct) is { } doubt) return _tally.Result() with { Guarded = doubt };
        _approved = _plans.Approved(input.Approval, input.AsOf);
        if (input.Approval is not null && _approved is null)
            _tally.Problem("the approved plan is not known on this host, or its time is over: nothing ended by it");
        var issuedBefore = input.AsOf - input.Timings.RegistrationTimeout;
        var dangling = Rows((after, take) => db.FindDangling(issuedBefore, after, take));
        var stale = Rows((after, take) => db.FindStalePreInserts(issuedBefore, after, take));
        await CollectAsync(CollectReason.Unhealthy, Rows(db.FindUnhealthy), input, ct);
        await CollectAsync(CollectReason.Dangling, [.. dangling.Where(r => !r.Orphan)], input, ct);
        await CollectAsync(CollectReason.Orphan, [.. dangling.Where(r => r.Orphan)], input, ct);
        await CollectAsync(CollectReason.StalePreInsert, stale, input, ct);
        return _tally.Result() with
        {
            Guarded = Suspicion.After(_all),
            Plan = _held.Count == 0 || input.DryRun ? null : _plans.Keep(
                [.. _held.Select(PlanItem.Of)], _exceeded, _tally.OverLimit, input.Approval, input.AsOf),
            ApprovalDone = _approved is not null && !_approvedFailed,
        };
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
            judged.AddRange(await JudgeAsync(batch, input, ct));
            heartbeat();
        }

        _all.AddRange(judged);
        foreach (var j in judged.Where(j => j.Verdict.Kind != VerdictKind.NotSo)) _settled.Add(j.Candidate.Id);
        foreach (var j in judged.Where(j => !IsActing(j))) Leave(j, input);
        var approved = judged.Where(j => j.Verdict.Kind == VerdictKind.End && IsApproved(j)).ToHashSet();
        var ends = judged.Where(j => j.Verdict.Kind == VerdictKind.End && !approved.Contains(j)).ToArray();
        var over = Limits.Exceeded(
            input.Limits, reason, [.. ends.Select(j => (j.Candidate.Row.Tenant, j.Candidate.Row.Group ?? ""))],
            db.CountLiveByGroup(), db.CountLive());
        if (over is not null)
        {
            _tally.Count(reason, c => c with { OverLimit = c.OverLimit + ends.Length });
            _tally.Problem($"{reason}: {over}: none was ended");
            _held.AddRange(ends);
            _exceeded.Add($"{reason}: {over}");
            foreach (var j in ends) _tally.Note(j, "over-limit", j.Verdict.Why);
        }

        bool Allowed(Judged j) => over is null || j.Verdict.Kind == VerdictKind.Clean || IsApproved(j);
        var acting = judged.Where(j => IsActing(j) && Allowed(j)).ToArray();
        var again = acting.Length > EndBatch;
        foreach (var batch in acting.Chunk(EndBatch))
        {
            var fresh = again ? await LookAgainAsync(batch, Allowed, input, ct) : batch;
            await ActAsync(reason, fresh, input, ct);
            heartbeat();
        }
    }

    private async Task<IReadOnlyList<Judged>> JudgeAsync(
        IReadOnlyCollection<Candidate> batch, PhaseInput input, CancellationToken ct)
    {
        var judged = await _reader.JudgeAsync(batch, input, ct);

        // In a wrong account or region nothing is found: without one own instance in sight that is no evidence.
        var blind = !_reader.SawOwn && db.GetMeta(MetaKeys.SawOwn) == "0";
        return [.. judged.Select(j => Still(j, input) ?? (blind ? Blind(j) : j))];
    }

    private static Judged? Still(Judged j, PhaseInput input)
    {
        var sweep = j.Candidate.Reason switch
        {
            CollectReason.Unhealthy => Sweep.Unhealthy,
            CollectReason.Dangling => Sweep.Dangling,
            CollectReason.Orphan => Sweep.Orphan,
            _ => Sweep.StalePreInsert,
        };
        return Stillness.Of(input, sweep, j.Tenant, j.Group) is { } why ? j with { Verdict = Verdict.Spare(why) } : null;
    }

    private static Judged Blind(Judged j) => j.Verdict.Kind == VerdictKind.Clean
        ? j with { Verdict = Verdict.Spare("not found, but the cloud shows nothing of ours at all: wrong account or region?") }
        : j;

    /// <summary>Exactly what somebody read and approved: the same instance, the same machine, for the same reason.</summary>
    private bool IsApproved(Judged j) => _approved?.GetValueOrDefault(j.Candidate.Id) is { } item
        && item.Reason == j.Candidate.Reason && item.ProviderId == j.Candidate.Row.ProviderId;

    private async Task<Judged[]> LookAgainAsync(
        Judged[] batch, Func<Judged, bool> allowed, PhaseInput input, CancellationToken ct)
    {
        var now = await JudgeAsync([.. batch.Select(j => j.Candidate)], input, ct);
        bool Stands(Judged j) => IsActing(j) && allowed(j);
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
            var isDone = Ended(reason, j, results.GetValueOrDefault(j.Now.Instance!.ProviderId), input.Approval);
            if (isDone) done.Add(j);
            else if (IsApproved(j)) _approvedFailed = true;
        }

        _groups.Forget(batch.Except(done), done);
        _tally.GroupsChanged += await _groups.SettleAsync(input, ct);
        await CleanAsync(done, input, ct);
    }

    private bool Ended(CollectReason reason, Judged j, EndResult result, Approval? approval)
    {
        var isApproved = IsApproved(j);
        var why = result.Why ?? "no answer about it";
        switch (result.Outcome)
        {
            case EndOutcome.Ended:
                _tally.Count(reason, c => c with { Ended = c.Ended + 1 });
                if (isApproved) _tally.Approved++;
                _tally.Note(j, "ended", isApproved ? $"{j.Verdict.Why}; approved by {approval!.By}" : j.Verdict.Why);
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
