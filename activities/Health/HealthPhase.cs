using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Records;
using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Activities.Health;

/// <summary>
/// Sends a check to the reconciler for each registered instance whose report is stale (design, "A cycle" 3).
/// </summary>
internal sealed class HealthPhase(
    ShardDatabase database, IEventSink events, IPlanStore store, string hostTaskQueue, PhaseInput input,
    Action<string> heartbeat)
{
    private readonly PhaseNotes _notes = new();

    public async Task<HealthScanResult> RunAsync(CancellationToken ct)
    {
        var (facts, stale, invalid) = database.FindStale(input);
        heartbeat("health: read");
        foreach (var problem in invalid.Select(row => row.InvalidTimes(input.AsOf)).OfType<string>())
            _notes.Invalid(problem);
        var health = HealthRules.Judge(facts, input);
        var result = new HealthScanResult
        {
            Registered = facts.Registered,
            Stale = health.NotEvaluated is null ? stale.Count : 0,
        };
        if (health.Suspect is { } suspect) return await HoldBackAsync(suspect, stale, facts, result, ct);
        if ((QuietHoursRules.Now(input) ?? health.NotEvaluated) is { } why)
        {
            if (why.Length > 0) _notes.Problem(why);
            return Done(result);
        }

        // During the grace period a report may be late because the collector was away.
        if (input.Grace?.Since >= HealthRules.StaleBefore(input)) return Done(result);
        result = NotHeldBack(result);
        if (input.DryRun && stale.Count > 0) _notes.Problem($"dry run: {stale.Count} checks were not enqueued");
        return Done(result with { Enqueued = await SendAsync([.. Checks(stale, facts)], ct) });
    }

    /// <summary>
    /// Holds back the checks of agents that stopped to report together, until exactly these instances are approved.
    /// </summary>
    private async Task<HealthScanResult> HoldBackAsync(
        string suspect, IReadOnlyList<InstanceRow> stale, HealthFacts facts, HealthScanResult result,
        CancellationToken ct)
    {
        var plans = await ShardPlans.ReadAsync(store, input, ofHealth: true, _notes, ct);
        var isApproved = stale.ToLookup(plans.ApprovesCheck);
        var sent = await SendAsync([.. Checks([.. isApproved[true]], facts)], ct);
        var waiting = isApproved[false].Select(row => (Row: row, Item: PlanItem.OfCheck(row))).ToArray();
        var candidates = waiting.Select(w => w.Item.InstanceId).ToHashSet();
        waiting = [.. waiting.Where(w => plans.WhyRejected(w.Item) is null)];
        var pending = plans.Pending(candidates, [.. waiting.Select(w => w.Item)]);
        result = result with
        {
            Enqueued = sent,
            ApprovalDone = plans.ApprovalIsLost || (plans.IsApproved && isApproved[true].All(r => PauseOf(r) is null)),
            RejectionsOver = plans.RejectionsOver(candidates),
            Pending = pending,
        };
        if (candidates.Count == 0) return Done(result);
        var why = $"{suspect}: {candidates.Count} checks were not enqueued";
        _notes.Problem(why);
        result = result with { Suspect = why };
        if (input.DryRun || waiting.Length == 0 || pending is { Over: null }) return Done(result);
        foreach (var (row, _) in waiting) _notes.Sample(row, "blocked", why);
        var plan = await plans.ProposeAsync(
            [.. waiting.Select(w => w.Item)], [Guards.Health], [why], _notes.Samples, ct);
        return Done(result with { Plan = plan });
    }

    /// <summary>The source of health is plausible again: checks are sent without a plan.</summary>
    private HealthScanResult NotHeldBack(HealthScanResult result) => result with
    {
        ApprovalDone = input.Approval is { IsOfHealth: true },
        RejectionsOver = [.. (input.Plans?.Rejected ?? []).Where(r => r.IsOfHealth).Select(r => r.Hash)],
        Pending = input.Plans?.Pending is not { } pending ? null : new(pending.Hash)
        {
            Over = pending.IsOfHealth ? "few agents look silent by now, and its checks are sent as usual" : null,
        },
    };

    private HealthScanResult Done(HealthScanResult result) => result with
    {
        Invalid = _notes.InvalidCount,
        Samples = _notes.Samples,
        Problems = _notes.Problems,
    };

    private IEnumerable<ReconcileEvent> Checks(IReadOnlyList<InstanceRow> stale, HealthFacts facts)
    {
        foreach (var row in stale)
        {
            if (PauseOf(row) is { } paused)
            {
                _notes.Sample(row, "skipped", paused);
                continue;
            }

            var missed = HealthRules.Missed(row, facts.Since, input);
            var cause = row.HealthAt is null
                ? $"registered, and has never reported: {missed} health intervals missed"
                : $"last report at {row.HealthAt:yyyy-MM-dd HH:mm:ss}Z: {missed} health intervals missed";
            _notes.Sample(row, "stale", cause);
            yield return new(
                ReconcileEventType.CheckInstance, row.Tenant, row.Group ?? "", row.Id, input.AsOf,
                PreventDuplicate: true, cause, missed);
        }
    }

    private string? PauseOf(InstanceRow row) => PauseRules.Of(input, Sweep.Health, row.Tenant, row.Group);

    private async Task<int> SendAsync(ReconcileEvent[] checks, CancellationToken ct)
    {
        if (input.DryRun) return 0;
        var sent = 0;
        foreach (var (number, batch) in checks.Chunk(EventBatch.MaxEvents).Index())
        {
            // A retry sends the same key, and the reconciler drops the duplicate.
            var key = $"{input.AsOf:O}/health/{number}";
            await events.SendAsync(input.Shard, new EventBatch(key, batch) { HostTaskQueue = hostTaskQueue }, ct);
            sent += batch.Length;
            heartbeat($"health: {sent} enqueued");
        }

        return sent;
    }
}
