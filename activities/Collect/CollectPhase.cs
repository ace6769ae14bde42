using Nstance.Temporal.Activities.Audit;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Rules;
using Nstance.Temporal.Activities.Telemetry;

namespace Nstance.Temporal.Activities.Collect;

/// <summary>
/// Ends garbage. For each reason: find candidates, read evidence, judge, apply limits, write the audit; then for each
/// batch: read evidence again if it is old, and the steps of <see cref="Termination"/>. Safe to retry at any point.
/// </summary>
internal sealed class CollectPhase
{
    /// <summary>So many are asked about at a time.</summary>
    private const int AskBatch = 1000;

    /// <summary>So many end by one look at them.</summary>
    private const int EndBatch = 250;

    /// <summary>
    /// Evidence that is older when its batch starts is read again: while the audit was written, or another batch ended, an
    /// agent may have registered, or a person may have protected the machine.
    /// </summary>
    internal static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(5);

    /// <summary>A cloud that answers more slowly than that each time gets nothing of the batch ended in this cycle.</summary>
    private const int MaxLooks = 3;

    private readonly ShardDatabase _db;
    private readonly AuditTrail _audit;
    private readonly TimeProvider _time;
    private readonly Action<PhaseProgress> _heartbeat;
    private readonly CollectSummary _summary = new();
    private readonly HashSet<string> _settled = [];
    private readonly EvidenceReader _reader;
    private readonly GroupEvents _groups;
    private readonly Termination _termination;
    private readonly PlanStore _plans;
    private readonly Skipped _spared;
    private readonly List<Assessment> _all = [];
    private readonly List<Assessment> _held = [];
    private readonly List<string> _exceeded = [];
    private IReadOnlyDictionary<string, PlanItem>? _approved;
    private IReadOnlyDictionary<(string Tenant, string Group), int>? _live;

    public CollectPhase(
        ShardDatabase db, ICloud cloud, IRecordStore records, IEventSink events, AuditTrail audit, Action<PhaseProgress> heartbeat,
        TimeProvider? time = null)
    {
        _db = db;
        _audit = audit;
        _heartbeat = heartbeat;
        _time = time ?? TimeProvider.System;
        _reader = new(db, cloud, records);
        _groups = new(db, events);
        _termination = new(db, cloud, records, _groups, _summary, audit);
        _plans = new(db);
        _spared = new(db, _summary, audit);
    }

    /// <param name="input">The cycle.</param>
    /// <param name="before">What an attempt before this one did.</param>
    /// <param name="ct">Ends it.</param>
    public async Task<CollectResult> RunAsync(PhaseInput input, CollectResult? before, CancellationToken ct)
    {
        if (before is not null) _summary.GoOn(before);
        if (!input.DryRun) _summary.GroupsChanged += await _groups.SettleAsync(input, ct);
        if (PauseRules.Window(input) is { } window) return _summary.Result() with { Blocked = window };
        var found = FindCandidates(input);

        // Nothing to end: nothing to be in doubt about, and a scan less.
        if (found.Any(f => f.Candidates.Count > 0) && SafetyGuard.Before(_db, input) is { } doubt) return _summary.Result() with { Blocked = doubt };
        _termination.ApprovalOf = j => IsApproved(j) ? input.Approval : null;
        _approved = _plans.Approved(input.Approval, input.AsOf);
        if (input.Approval is not null && _approved is null)
            _summary.Problem("the approved plan is not known on this host, or its time is over: nothing ended by it");
        foreach (var (reason, candidates) in found) await CollectAsync(reason, candidates, input, ct);
        if (await _audit.TryFlushAsync(ct) is { } waits) _summary.Problem(waits);
        return _summary.Result() with
        {
            Blocked = SafetyGuard.After(_all),
            Plan = _held.Count == 0 || input.DryRun ? null : _plans.Keep(
                [.. _held.Select(PlanItem.Of)], _exceeded, _summary.OverLimit, input.Approval, input.AsOf),
            ApprovalDone = _approved is not null && !_termination.ApprovedFailed,
        };
    }

    /// <summary>One query for each reason, before anything ends.</summary>
    private IReadOnlyList<(CollectReason Reason, IReadOnlyList<Candidate> Candidates)> FindCandidates(PhaseInput input)
    {
        var issuedBefore = input.AsOf - input.Timings.RegistrationTimeout;
        var settled = input.AsOf - input.Timings.SettleTime;
        var unregistered = _db.FindUnregistered(issuedBefore, input.AsOf);
        var rowless = _db.FindRowlessInstances();
        var recorded = rowless.Where(row => row.HasRecord).ToLookup(row => row.MachineStatus.IsUnhealthy());

        // One that shuts down already is left to the cloud: it has neither row nor record to clean.
        var orphans = rowless.Where(row => !row.HasRecord && row.MachineStatus != InstanceStatus.Deleting
            && row.Issued < issuedBefore && row.Issued < settled);
        foreach (var problem in unregistered.Select(row => PhaseNotes.InvalidRow(row, input.AsOf)).OfType<string>())
        {
            _summary.Invalid++;
            _summary.Problem(problem);
        }

        unregistered = [.. unregistered.Where(row => PhaseNotes.InvalidRow(row, input.AsOf) is null)];
        var running = _db.FindDeletedButRunning(settled);
        foreach (var (row, machine) in running.Where(r => r.Row.ProviderId != r.ProviderId))
            _summary.Problem($"row {row.Id}, marked deleted, names {row.ProviderId ?? "no machine"}, and {machine} carries its id; manual review required");
        return
        [
            Of(CollectReason.Unhealthy, _db.FindUnhealthy().Concat(recorded[true])),
            Of(CollectReason.Dangling, unregistered.Where(row => row.ProviderId is not null)
                .Concat(recorded[false].Where(row => row.RegisteredAt is null && row.Issued < issuedBefore))),
            Of(CollectReason.Orphan, orphans),
            Of(CollectReason.DeletedButRunning, running.Where(r => r.Row.ProviderId == r.ProviderId).Select(r => r.Row)),
            Of(CollectReason.StalePreInsert, unregistered.Where(row => row.ProviderId is null)),
        ];
    }

    /// <summary>An id that several machines carry is a matter for people: the sync names it.</summary>
    private static (CollectReason, IReadOnlyList<Candidate>) Of(CollectReason reason, IEnumerable<InstanceRow> rows) =>
        (reason, [.. rows.OrderBy(row => row.Id, StringComparer.Ordinal).GroupBy(row => row.Id).Where(same => same.Count() == 1).Select(same => new Candidate(same.Single(), reason))]);

    private async Task CollectAsync(CollectReason reason, IReadOnlyList<Candidate> found, PhaseInput input, CancellationToken ct)
    {
        var candidates = found.Where(c => !_settled.Contains(c.Id)).ToArray();
        if (candidates.Length == 0) return;
        _summary.Count(reason, c => c with { Candidates = c.Candidates + candidates.Length });
        var judged = new List<Assessment>();
        var asked = _time.GetTimestamp();
        foreach (var batch in candidates.Chunk(AskBatch))
        {
            judged.AddRange(await JudgeAsync(batch, input, ct));
            Beat(reason, input);
        }

        _all.AddRange(judged);
        foreach (var j in judged.Where(j => j.Verdict.Kind != VerdictKind.Refuted)) _settled.Add(j.Candidate.Id);
        _spared.Leave(judged.Where(j => !j.IsActing), input);
        var allowed = WithinLimits(reason, judged, input);
        var acting = await _termination.AnnounceAsync(reason, [.. judged.Where(j => j.IsActing && allowed(j))], input, ct);
        foreach (var batch in acting.Chunk(EndBatch))
        {
            await _termination.RunAsync(await RefreshAsync(batch, asked, allowed, input, ct), input, ct);
            Beat(reason, input);
        }
    }

    /// <summary>Whole or not at all: over a limit, the machines that would be terminated are held back. Returns what may go on.</summary>
    private Func<Assessment, bool> WithinLimits(CollectReason reason, List<Assessment> judged, PhaseInput input)
    {
        // A machine that already shuts down is none that we would take away.
        static bool Counts(Assessment j) => j.IsEnding && j.Now.Instance?.Status != InstanceStatus.Deleting;
        var ends = judged.Where(j => Counts(j) && !IsApproved(j)).ToArray();
        if (!input.Limits.Enabled || ends.Length == 0) return _ => true;
        _live ??= _db.CountLiveByGroup();
        if (Limits.Exceeded(input.Limits, reason, [.. ends.Select(j => (j.Tenant, j.Group))], _live) is not { } over) return _ => true;
        _summary.Count(reason, c => c with { OverLimit = c.OverLimit + ends.Length });
        _summary.Problem($"{reason}: {over}: none was terminated");
        _held.AddRange(ends);
        _exceeded.Add($"{reason}: {over}");
        foreach (var j in ends) _summary.Note(j, "over-limit", j.Verdict.Why);
        _audit.Tell(ends.Select(j => _audit.Of(j, "over-limit", $"{over}; {j.Verdict.Why}")));
        return j => !Counts(j) || IsApproved(j);
    }

    private async Task<IReadOnlyList<Assessment>> JudgeAsync(Candidate[] batch, PhaseInput input, CancellationToken ct)
    {
        var judged = await _reader.JudgeAsync(batch, input, ct);

        // In a wrong account or region nothing is found: without one own instance in sight that is no evidence.
        var blind = !_reader.SawOwn && _db.GetMeta(MetaKeys.SawOwn) == "0";
        return [.. judged.Select(j => Still(j, input) ?? (blind ? Blind(j) : j))];
    }

    private static Assessment? Still(Assessment j, PhaseInput input)
    {
        var sweep = Enum.Parse<Sweep>(j.Candidate.Reason.ToString());
        return PauseRules.Of(input, sweep, j.Tenant, j.Group) is { } held ? j with { Verdict = Verdict.Skip(held) } : null;
    }

    private static Assessment Blind(Assessment j) => j.Verdict.Kind == VerdictKind.CleanUp
        ? j with { Verdict = Verdict.Skip("not found, but the cloud shows nothing of ours at all: wrong account or region?") }
        : j;

    /// <summary>Exactly what somebody read and approved: the same instance, the same machine, for the same reason.</summary>
    private bool IsApproved(Assessment j) => _approved?.GetValueOrDefault(j.Candidate.Id) is { } item
        && item.Reason == j.Candidate.Reason && item.ProviderId == j.Candidate.Row.ProviderId;

    /// <param name="batch">What is about to end.</param>
    /// <param name="asked">When its evidence was first asked for.</param>
    /// <param name="allowed">What the limits let through.</param>
    /// <param name="input">The cycle.</param>
    /// <param name="ct">Ends it.</param>
    private async Task<IReadOnlyList<Assessment>> RefreshAsync(
        Assessment[] batch, long asked, Func<Assessment, bool> allowed, PhaseInput input, CancellationToken ct)
    {
        for (var looks = 0; batch.Length > 0 && _time.GetElapsedTime(asked) > MaxAge; looks++)
        {
            if (looks == MaxLooks)
            {
                _spared.LeaveAnnounced(batch.Select(j => j with { Verdict = Verdict.Skip("evidence expired before termination") }), input);
                return [];
            }

            asked = _time.GetTimestamp();
            batch = Standing(await JudgeAsync([.. batch.Select(j => j.Candidate)], input, ct), allowed, input);
        }

        // The rows are here and cost nothing to read: an agent may have registered since.
        return Standing(_reader.WithRows(batch, input), allowed, input);
    }

    /// <summary>Those that may still end; the others are left.</summary>
    private Assessment[] Standing(IReadOnlyList<Assessment> now, Func<Assessment, bool> allowed, PhaseInput input)
    {
        bool Stands(Assessment j) => j.IsActing && allowed(j);
        _spared.LeaveAnnounced(now.Where(j => !Stands(j)), input);
        return [.. now.Where(Stands)];
    }

    /// <summary>A dry-run does nothing for good: its retry finds, and counts, all of it again.</summary>
    private void Beat(CollectReason reason, PhaseInput input) =>
        _heartbeat(new($"collect: {reason}") { Collected = input.DryRun ? null : _summary.Done() });
}
