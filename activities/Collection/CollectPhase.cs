using Nstance.Temporal.Activities.Audit;
using Nstance.Temporal.Activities.Cloud;
using Nstance.Temporal.Activities.LocalDb;
using Nstance.Temporal.Activities.Reconciling;
using Nstance.Temporal.Activities.Records;
using Nstance.Temporal.Workflows.Contracts;

namespace Nstance.Temporal.Activities.Collection;

/// <summary>
/// Ends garbage: candidates from the database, evidence about all of a reason, its limits, then in small batches the
/// steps of <see cref="Ending"/>. Safe to retry at any point.
/// </summary>
internal sealed class CollectPhase
{
    private const int FinderPage = 500;

    // Evidence about so many is seconds old when they end; with more, each batch is asked about again.
    private const int EndBatch = 250;

    /// <summary>
    /// Older evidence is asked for again before anything ends: between the two the audit is written, and that, or the
    /// asking itself, may hang while an agent registers or somebody protects the machine.
    /// </summary>
    internal static readonly TimeSpan Fresh = TimeSpan.FromSeconds(30);

    /// <summary>Who answers more slowly than that each time gets nothing ended in this cycle.</summary>
    private const int MostLooks = 3;

    private readonly ShardDatabase _db;
    private readonly AuditTrail _audit;
    private readonly TimeProvider _time;
    private readonly Action<PhaseProgress> _heartbeat;
    private readonly Tally _tally = new();
    private readonly HashSet<string> _settled = [];
    private readonly EvidenceReader _reader;
    private readonly GroupEvents _groups;
    private readonly Ending _ending;
    private readonly Plans _plans;
    private readonly List<Judged> _all = [];
    private readonly List<Judged> _held = [];
    private readonly List<string> _exceeded = [];
    private IReadOnlyDictionary<string, PlanItem>? _approved;

    public CollectPhase(
        ShardDatabase db, ICloud cloud, IRecordStore records, IEventSink events, AuditTrail audit, Action<PhaseProgress> heartbeat,
        TimeProvider? time = null)
    {
        (_db, _audit, _heartbeat, _time) = (db, audit, heartbeat, time ?? TimeProvider.System);
        _reader = new(db, cloud, records);
        _groups = new(db, events);
        _ending = new(db, cloud, records, _groups, _tally, audit);
        _plans = new(db);
    }

    /// <param name="input">The cycle.</param>
    /// <param name="before">What an attempt before this one did.</param>
    /// <param name="ct">Ends it.</param>
    public async Task<CollectResult> RunAsync(PhaseInput input, CollectResult? before, CancellationToken ct)
    {
        if (before is not null) _tally.GoOn(before);
        if (!input.DryRun) _tally.GroupsChanged += await _groups.SettleAsync(input, ct);
        if (Suspicion.Before(_db, input, ct) is { } doubt) return _tally.Result() with { Guarded = doubt };
        _ending.ApprovalOf = j => IsApproved(j) ? input.Approval : null;
        _approved = _plans.Approved(input.Approval, input.AsOf);
        if (input.Approval is not null && _approved is null)
            _tally.Problem("the approved plan is not known on this host, or its time is over: nothing ended by it");
        var issuedBefore = input.AsOf - input.Timings.RegistrationTimeout;
        var dangling = Rows((after, take) => _db.FindDangling(issuedBefore, after, take));
        var stale = Rows((after, take) => _db.FindStalePreInserts(issuedBefore, after, take));
        await CollectAsync(CollectReason.Unhealthy, Rows(_db.FindUnhealthy), input, ct);
        await CollectAsync(CollectReason.Dangling, [.. dangling.Where(r => !r.Orphan)], input, ct);
        await CollectAsync(CollectReason.Orphan, [.. dangling.Where(r => r.Orphan)], input, ct);
        await CollectAsync(CollectReason.StalePreInsert, stale, input, ct);
        if (await _audit.TryFlushAsync(ct) is { } waits) _tally.Problem(waits);
        return _tally.Result() with
        {
            Guarded = Suspicion.After(_all),
            Plan = _held.Count == 0 || input.DryRun ? null : _plans.Keep(
                [.. _held.Select(PlanItem.Of)], _exceeded, _tally.OverLimit, input.Approval, input.AsOf),
            ApprovalDone = _approved is not null && !_ending.ApprovedFailed,
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
        var (judged, asked) = (new List<Judged>(), _time.GetTimestamp());
        foreach (var batch in candidates.Chunk(1000))
        {
            judged.AddRange(await JudgeAsync(batch, input, ct));
            _heartbeat(new($"collect: {reason}") { Collected = Done(input) });
        }

        _all.AddRange(judged);
        foreach (var j in judged.Where(j => j.Verdict.Kind != VerdictKind.NotSo)) _settled.Add(j.Candidate.Id);
        LeaveAll(judged.Where(j => !IsActing(j)), input);
        var ends = judged.Where(j => j.IsEnding && !IsApproved(j)).ToArray();
        var over = !input.Limits.Enabled || ends.Length == 0 ? null : Limits.Exceeded(
            input.Limits, reason, [.. ends.Select(j => (j.Candidate.Row.Tenant, j.Candidate.Row.Group ?? ""))],
            _db.CountLiveByGroup(), _db.CountLive());
        if (over is not null)
        {
            _tally.Count(reason, c => c with { OverLimit = c.OverLimit + ends.Length });
            _tally.Problem($"{reason}: {over}: none was ended");
            _held.AddRange(ends);
            _exceeded.Add($"{reason}: {over}");
            foreach (var j in ends) _tally.Note(j, "over-limit", j.Verdict.Why);
            _audit.Tell(ends.Select(j => _audit.Of(j, "over-limit", $"{over}; {j.Verdict.Why}")));
        }

        bool Allowed(Judged j) => over is null || j.Verdict.Kind == VerdictKind.Clean || IsApproved(j);
        var acting = await _ending.AnnounceAsync(reason, [.. judged.Where(j => IsActing(j) && Allowed(j))], input, ct);
        var again = acting.Count > EndBatch;
        foreach (var batch in acting.Chunk(EndBatch))
        {
            var fresh = await FreshAsync(batch, again ? null : asked, Allowed, input, ct);
            await _ending.RunAsync(fresh, input, ct);
            _heartbeat(new($"collect: {reason}") { Collected = Done(input) });
        }
    }

    private async Task<IReadOnlyList<Judged>> JudgeAsync(
        IReadOnlyCollection<Candidate> batch, PhaseInput input, CancellationToken ct)
    {
        var judged = await _reader.JudgeAsync(batch, input, ct);

        // In a wrong account or region nothing is found: without one own instance in sight that is no evidence.
        var blind = !_reader.SawOwn && _db.GetMeta(MetaKeys.SawOwn) == "0";
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

    /// <param name="batch">What is about to end.</param>
    /// <param name="asked">When it was begun to ask about them; null: too long ago.</param>
    /// <param name="allowed">What the limits let through.</param>
    /// <param name="input">The cycle.</param>
    /// <param name="ct">Ends it.</param>
    private async Task<Judged[]> FreshAsync(
        Judged[] batch, long? asked, Func<Judged, bool> allowed, PhaseInput input, CancellationToken ct)
    {
        for (var looks = 0; batch.Length > 0 && (asked is not { } at || _time.GetElapsedTime(at) > Fresh); looks++)
        {
            if (looks == MostLooks)
            {
                LeaveAnnounced(batch.Select(j => j with { Verdict = Verdict.Spare("the answers about it were old before anything could be done") }), input);
                return [];
            }

            asked = _time.GetTimestamp();
            batch = await LookAgainAsync(batch, allowed, input, ct);
        }

        return batch;
    }

    private async Task<Judged[]> LookAgainAsync(
        Judged[] batch, Func<Judged, bool> allowed, PhaseInput input, CancellationToken ct)
    {
        var now = await JudgeAsync([.. batch.Select(j => j.Candidate)], input, ct);
        bool Stands(Judged j) => IsActing(j) && allowed(j);
        LeaveAnnounced(now.Where(j => !Stands(j)), input);
        return [.. now.Where(Stands)];
    }

    private void LeaveAll(IEnumerable<Judged> judged, PhaseInput input) => _audit.Tell(Left(judged, input));

    /// <summary>The audit announced their end: whoever reads it must see that they live.</summary>
    private void LeaveAnnounced(IEnumerable<Judged> judged, PhaseInput input)
    {
        if (input.DryRun) LeaveAll(judged, input);
        else _audit.Add(Left(judged, input));
    }

    private AuditEntry[] Left(IEnumerable<Judged> judged, PhaseInput input)
    {
        Judged[] left = [.. judged];
        foreach (var j in left) Leave(j, input);
        return [.. left.Select(j => _audit.Of(j, "spared", j.Verdict.Why))];
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
                _db.SetRegistered(j.Candidate.Id, at, input.AsOf);
                break;
            case { Kind: VerdictKind.Adopt, ProviderId: { } provider }:
                _db.SetProviderId(j.Candidate.Id, provider, input.AsOf);
                break;
            case { Kind: VerdictKind.NotSo } when j.Candidate.Row.ProviderId is not null && j.Now.Record is RecordRead.Found
                && Domain.InstanceStatuses.IsUnhealthy(j.Candidate.Row.RecordStatus):
                _db.ClearRecordStatus(j.Candidate.Id);
                break;
        }
    }

    /// <summary>A dry-run does nothing for good: its retry finds, and counts, all of it again.</summary>
    private CollectResult? Done(PhaseInput input) => input.DryRun ? null : _tally.Done();

    private static bool IsActing(Judged j) => j.IsEnding || j.Verdict.Kind == VerdictKind.Clean;
}
