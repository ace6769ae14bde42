using Nstance.Temporal.Activities.Audit;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Records;
using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Activities.Collect;

/// <summary>
/// Terminates garbage. Safe to retry at any point. For each reason it finds candidates, reads evidence, judges, applies
/// limits and guards, and writes the audit. Then for each batch it refreshes old evidence, terminates, deletes the
/// record, marks the row, and queues the group event.
/// </summary>
internal sealed class CollectPhase(
    ShardDatabase database, ICloud cloud, IRecordStore records, IEventSink events, AuditTrail audit, IPlanStore store,
    PhaseInput input, Action<PhaseProgress> heartbeat, TimeProvider? clock = null,
    Func<CancellationToken, Task>? requireNotCancelled = null)
{
    /// <summary>Evidence older than this when its batch starts is read again (design, "A cycle").</summary>
    internal static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(5);

    private const int EvidenceBatch = 1000;
    private const int TerminateBatch = 250;

    /// <summary>A quarantine asks twice about each instance, at EC2's rate, before it stops one.</summary>
    private const int QuarantineBatch = 25;

    /// <summary>A batch is skipped if this many reads of its evidence took longer than <see cref="MaxAge"/>.</summary>
    private const int MaxRefreshes = 3;

    private readonly TimeProvider _clock = clock ?? TimeProvider.System;
    private readonly EvidenceReader _reader = new(database, cloud, records, clock ?? TimeProvider.System);
    private readonly GroupEvents _groups = new(database, events, input);
    private readonly RecordDeletions _records = new(database, records, input);
    private readonly CollectSummary _summary = new();
    private readonly Lazy<IReadOnlyDictionary<(string Tenant, string Group), int>> _live =
        new(database.CountLiveByGroup);
    private readonly HashSet<string> _settled = [];
    private readonly HashSet<string> _open = [];
    private readonly List<Assessment> _assessed = [];
    private readonly List<Assessment> _held = [];
    private readonly List<GuardNote> _blocked = [];
    private GuardNote? _agents;
    private ShardPlans _plans = null!; // read before a candidate is judged

    /// <summary>Runs the phase, and adds what an attempt <paramref name="before"/> did.</summary>
    public async Task<CollectResult> RunAsync(PhaseProgress? before, CancellationToken ct)
    {
        _summary.Continue(before);
        if (!input.DryRun) _summary.GroupsChanged += await _groups.FlushAsync(ct);
        var terminating = database.FindTerminating();
        _summary.Terminating(terminating, input.AsOf);
        if (QuietHoursRules.Now(input) is { } quiet)
        {
            // A host without the time zone would hold the shard for ever: the cycle is then no good one.
            if (QuietHoursRules.AreInvalid(input)) _summary.Notes.Outage(quiet);
            else _summary.Notes.Problem(quiet);
            return _summary.Result() with { QuietHours = quiet };
        }

        _plans = await ShardPlans.ReadAsync(store, input, ofHealth: false, _summary.Notes, ct);
        if (!input.DryRun) await _records.RetryAsync(ct);
        var rows = database.FindCandidates(input, terminating);
        var found = Reasons.All.Select(rows.Of).ToArray();
        foreach (var problem in rows.Invalid) _summary.Notes.Invalid(problem);
        foreach (var problem in rows.Conflicts) _summary.Notes.Problem(problem);
        if (Array.Exists(found, candidates => candidates.Count > 0))
            _agents = SafetyGuard.OfAgents(database.CountHealth(input), input);
        var outcomes = new Outcomes(database, audit, _summary, _plans, input);
        var termination = new Termination(database, cloud, _records, _groups, outcomes, _summary, audit, input);
        for (var i = 0; i < found.Length; i++)
            await CollectAsync(Reasons.All[i], found[i], outcomes, termination, ct);
        if (await audit.TryFlushAsync(ct) is { } waits) _summary.Notes.Outage(waits);
        if (_records.Problem() is { } kept) _summary.Notes.Outage(kept);
        if (SafetyGuard.OfCloud(_assessed) is { } silent) _blocked.Add(silent);
        return await WithPlansAsync(outcomes, ct);
    }

    /// <summary>Proposes one plan at a time. Candidates that are held back later wait for the next plan.</summary>
    private async Task<CollectResult> WithPlansAsync(Outcomes outcomes, CancellationToken ct)
    {
        var candidates = CanTell ? _open : null;
        var held = _held.ConvertAll(PlanItem.Of);
        var pending = _plans.Pending(candidates, held);
        if (pending?.Over is { } over)
            _summary.Notes.Problem($"plan {CollectPlan.IdOf(pending.Hash)} is over: {over}");
        var isFree = pending is null || pending.Over is not null;
        var plan = held.Count > 0 && isFree && !input.DryRun
            ? await _plans.ProposeAsync(
                held, [.. _blocked.Select(guard => guard.Guard).Distinct().Order(StringComparer.Ordinal)],
                _summary.ExceededLimits, _summary.HeldBack, ct)
            : null;
        var deleted = await _plans.DeleteEndedAsync(ct);
        return _summary.Result() with
        {
            Blocked = [.. _blocked.DistinctBy(guard => guard.Guard)],
            Plan = plan,
            Pending = pending,
            ApprovalDone = _plans.ApprovalIsLost || (_plans.IsApproved && !outcomes.ApprovedFailed),
            RejectionsOver = _plans.RejectionsOver(candidates),
            PlansDeleted = deleted,
        };
    }

    /// <summary>False: a candidate may be missing for a while only, so that no plan is over because of that.</summary>
    private bool CanTell => input.Guard is null && !_blocked.Exists(guard => guard.Guard == Guards.Cloud)
        && !(input.Grace?.Since >= Deadlines.Deadline(input));

    private async Task CollectAsync(
        Reason reason, IReadOnlyList<Candidate> found, Outcomes outcomes, Termination termination, CancellationToken ct)
    {
        var candidates = found.Where(c => !_settled.Contains(c.Id)).ToArray();
        if (candidates.Length == 0) return;
        _summary.Found(reason.Id, candidates.Length);
        var readAt = _clock.GetTimestamp();
        var assessed = new List<Assessment>();
        foreach (var batch in candidates.Chunk(EvidenceBatch))
        {
            Beat(reason, $"evidence of {assessed.Count} of {candidates.Length} read");
            assessed.AddRange(await AssessAsync(batch, ct));
        }

        _assessed.AddRange(assessed);
        _settled.UnionWith(assessed.Where(a => a.Verdict.Kind != VerdictKind.Refuted).Select(a => a.Candidate.Id));
        outcomes.Skip(assessed.Where(a => !a.IsActing));
        var allowed = NotRejected(assessed.FindAll(a => a.IsActing), outcomes);
        var acting = WithinLimits(reason, PastGuards(reason, allowed, outcomes), outcomes);
        _open.UnionWith(assessed.Where(a => a.Verdict.Kind != VerdictKind.Refuted).Except(acting)
            .Select(a => a.Candidate.Id));
        var announced = await termination.AnnounceAsync(acting, ct);
        var size = input.Quarantine is null ? TerminateBatch : QuarantineBatch;
        foreach (var batch in announced.Chunk(size))
        {
            var doing = $"{announced.Count} pass, in batches of {size}";
            Beat(reason, doing);
            if (!input.DryRun && requireNotCancelled is not null) await requireNotCancelled(ct);
            await termination.RunAsync(await RefreshAsync(batch, readAt, outcomes, ct), () => Beat(reason, doing), ct);
        }

        Beat(reason, "done");
    }

    private async Task<IReadOnlyList<Assessment>> AssessAsync(IReadOnlyList<Candidate> batch, CancellationToken ct)
    {
        var evidence = await _reader.ReadAsync([.. batch.Select(c => c.Row)], input, ct);
        if (_reader.Outage is { } outage) _summary.Notes.Outage(outage);
        return [.. batch.Select(c => Assess(c, evidence[c.Id]))];
    }

    private Assessment Assess(Candidate candidate, Evidence evidence) => Assessment.Of(
        candidate, evidence, input, _reader.SawOwn || database.GetMeta(MetaKeys.SawOwn) != "0");

    /// <summary>Skips what an operator rejected, while the evidence is the same, also within limits.</summary>
    private List<Assessment> NotRejected(List<Assessment> acting, Outcomes outcomes)
    {
        var rejected = acting.FindAll(
            a => !_plans.Approves(a.Candidate) && _plans.WhyRejected(PlanItem.Of(a)) is not null);
        if (rejected.Count == 0) return acting;
        outcomes.Skip(rejected.Select(a => a.Skip(_plans.WhyRejected(PlanItem.Of(a))!)));
        return [.. acting.Except(rejected)];
    }

    /// <summary>Holds back all of a reason, unless an approval covers the instance and each of the guards.</summary>
    private List<Assessment> PastGuards(Reason reason, List<Assessment> acting, Outcomes outcomes)
    {
        if (acting.Count == 0) return acting;
        GuardNote[] guards = [.. GuardsOf(reason)];
        var held = acting.FindAll(a => Array.Exists(guards, guard => !_plans.Approves(a.Candidate, guard.Guard)));
        if (held.Count == 0) return acting;
        // The plan names every guard. Otherwise its approval would lift only some of them.
        _blocked.AddRange(guards);
        _held.AddRange(held);
        foreach (var guard in guards) _summary.Exceeded($"{reason.Id}: {guard.Why}");
        outcomes.HoldBack(held, CollectAction.Blocked, string.Join("; ", guards.Select(guard => guard.Why)));
        return [.. acting.Except(held)];
    }

    private IEnumerable<GuardNote> GuardsOf(Reason reason)
    {
        if (input.Guard is { } listing) yield return listing;
        if (input is { StartedAt: { } temporal, HostTime: { } host }
            && SafetyGuard.OfClocks(temporal, host, _reader.CloudAhead, input) is { } clocks)
            yield return clocks;
        if (reason.NeedsAgents && _agents is { } agents) yield return agents;
    }

    /// <summary>Returns all of a reason, or over a limit only what an approval covers.</summary>
    private List<Assessment> WithinLimits(Reason reason, List<Assessment> acting, Outcomes outcomes)
    {
        var counted = acting.FindAll(a => a.IsTerminating && !_plans.Approves(a.Candidate));
        if (!input.Limits.Enabled || counted.Count == 0) return acting;
        var terminating = counted.ConvertAll(a => (a.Tenant, a.Group));
        var earlier = _summary.Limited(reason.Id);
        if (Limits.Exceeded(input.Limits, reason.Id, terminating, _live.Value, earlier) is not { } over) return acting;
        _summary.Exceeded($"{reason.Id}: {over}");
        _held.AddRange(counted);
        outcomes.HoldBack(counted, CollectAction.OverLimit, over);
        return [.. acting.Except(counted)];
    }

    /// <summary>Reads old evidence again, and in any case the rows: an agent may have registered meanwhile.</summary>
    private async Task<Assessment[]> RefreshAsync(
        Assessment[] batch, long readAt, Outcomes outcomes, CancellationToken ct)
    {
        var allowed = batch.ToDictionary(a => a.Candidate.Id, a => a.IsTerminating);
        for (var tries = 0; batch.Length > 0 && _clock.GetElapsedTime(readAt) > MaxAge; tries++)
        {
            if (tries == MaxRefreshes)
            {
                outcomes.SkipAnnounced(
                    batch.Select(a => a.Skip("evidence expired before termination")), isExpired: true);
                return [];
            }

            readAt = _clock.GetTimestamp();
            batch = StillActing(await AssessAsync([.. batch.Select(a => a.Candidate)], ct), allowed, outcomes);
        }

        var rows = database.FindAll(batch.Select(a => a.Candidate.Id));
        return StillActing([.. batch.Select(a => WithRow(a, rows))], allowed, outcomes);
    }

    private Assessment WithRow(Assessment assessment, IReadOnlyDictionary<string, InstanceRow> rows)
    {
        var candidate = assessment.Candidate;
        var evidence = assessment.Evidence;
        var row = EvidenceReader.Again(candidate.Row, rows);
        return row is not null && row == evidence.Row
            ? assessment
            : Assess(candidate, evidence with { Row = row });
    }

    /// <summary>Skips what the new evidence does not allow, and what limits did not count before.</summary>
    private static Assessment[] StillActing(
        IReadOnlyList<Assessment> now, Dictionary<string, bool> allowed, Outcomes outcomes)
    {
        var checkedNow = now.Select(a => a.IsTerminating && !allowed[a.Candidate.Id]
            ? a.Skip("its evidence changed after the limits were applied; judged next time")
            : a);
        var isActing = checkedNow.ToLookup(a => a.IsActing);
        outcomes.SkipAnnounced(isActing[false]);
        return [.. isActing[true]];
    }

    /// <summary>Sends a heartbeat. A dry-run changes nothing, so its retry counts everything again.</summary>
    private void Beat(Reason reason, string doing)
    {
        doing = $"collect {reason.Word}: {doing}";
        heartbeat(input.DryRun ? new(doing) : _summary.Progress(doing));
    }
}
