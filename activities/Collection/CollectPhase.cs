using System.Runtime.CompilerServices;
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

    // So many end by one look at them.
    private const int EndBatch = 250;

    /// <summary>
    /// Older evidence is asked for again before anything ends: between the two the audit is written, and that, or the
    /// asking itself, may hang while an agent registers or somebody protects the machine.
    /// </summary>
    internal static readonly TimeSpan Fresh = TimeSpan.FromSeconds(30);

    /// <summary>The same where more than one batch ends.</summary>
    internal static readonly TimeSpan FreshOfMany = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Older answers are asked for again ahead of a batch's turn, while the one before it ends: then they are not too old when it
    /// comes.
    /// </summary>
    internal static readonly TimeSpan FreshAhead = FreshOfMany / 2;

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
    private readonly Spared _spared;
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
        _spared = new(db, _tally, audit);
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
        _spared.Leave(judged.Where(j => !IsActing(j)), input);
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
        var within = acting.Count > EndBatch ? FreshOfMany : Fresh;
        await foreach (var (batch, others, began) in LooksAsync(acting, asked, input, ct).AheadAsync(ct))
        {
            var standing = Standing(JudgeNow(batch, others, input), Allowed, input);
            await _ending.RunAsync(await FreshAsync(standing, began, within, Allowed, input, ct), input, ct);
            _heartbeat(new($"collect: {reason}") { Collected = Done(input) });
        }
    }

    /// <summary>What was asked about all serves each batch while it is fresh. Later ones are asked about again, while the one before ends.</summary>
    private async IAsyncEnumerable<(Candidate[] Batch, IReadOnlyDictionary<string, Findings> Others, long Asked)> LooksAsync(
        IReadOnlyList<Judged> acting, long asked, PhaseInput input, [EnumeratorCancellation] CancellationToken ct)
    {
        var isFirst = true;
        foreach (var batch in acting.Chunk(EndBatch))
        {
            Candidate[] candidates = [.. batch.Select(j => j.Candidate)];
            if (isFirst || _time.GetElapsedTime(asked) <= FreshAhead)
            {
                yield return (candidates, batch.ToDictionary(j => j.Candidate.Id, j => j.Now), asked);
            }
            else
            {
                var again = _time.GetTimestamp();
                yield return (candidates, await _reader.AskOthersAsync(candidates.Select(c => c.Row), input, ct), again);
            }

            isFirst = false;
        }
    }

    private async Task<IReadOnlyList<Judged>> JudgeAsync(Candidate[] batch, PhaseInput input, CancellationToken ct) =>
        JudgeNow(batch, await _reader.AskOthersAsync(batch.Select(c => c.Row), input, ct), input);

    private IReadOnlyList<Judged> JudgeNow(Candidate[] batch, IReadOnlyDictionary<string, Findings> others, PhaseInput input)
    {
        var judged = _reader.Judge(batch, others, input);

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
    /// <param name="asked">When it was begun to ask about them.</param>
    /// <param name="within">How old that may be.</param>
    /// <param name="allowed">What the limits let through.</param>
    /// <param name="input">The cycle.</param>
    /// <param name="ct">Ends it.</param>
    private async Task<Judged[]> FreshAsync(
        Judged[] batch, long asked, TimeSpan within, Func<Judged, bool> allowed, PhaseInput input, CancellationToken ct)
    {
        for (var looks = 0; batch.Length > 0 && _time.GetElapsedTime(asked) > within; looks++, within = Fresh)
        {
            if (looks == MostLooks)
            {
                _spared.LeaveAnnounced(batch.Select(j => j with { Verdict = Verdict.Spare("the answers about it were old before anything could be done") }), input);
                return [];
            }

            asked = _time.GetTimestamp();
            batch = await LookAgainAsync(batch, allowed, input, ct);
        }

        return batch;
    }

    private async Task<Judged[]> LookAgainAsync(
        Judged[] batch, Func<Judged, bool> allowed, PhaseInput input, CancellationToken ct) =>
        Standing(await JudgeAsync([.. batch.Select(j => j.Candidate)], input, ct), allowed, input);

    /// <summary>Those that may still end; the others are left.</summary>
    private Judged[] Standing(IReadOnlyList<Judged> now, Func<Judged, bool> allowed, PhaseInput input)
    {
        bool Stands(Judged j) => IsActing(j) && allowed(j);
        _spared.LeaveAnnounced(now.Where(j => !Stands(j)), input);
        return [.. now.Where(Stands)];
    }

    /// <summary>A dry-run does nothing for good: its retry finds, and counts, all of it again.</summary>
    private CollectResult? Done(PhaseInput input) => input.DryRun ? null : _tally.Done();

    private static bool IsActing(Judged j) => j.IsEnding || j.Verdict.Kind == VerdictKind.Clean;
}
