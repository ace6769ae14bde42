using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Activities.Records;

/// <summary>
/// The approved, pending and rejected plans of a shard, read from the bucket and checked by their hashes. A plan that
/// cannot be read has no effect.
/// </summary>
internal sealed class ShardPlans(IPlanStore store, PhaseInput input, bool ofHealth, PhaseNotes notes)
{
    private readonly List<string> _lost = [];
    private readonly List<(Rejection Rejection, Plan Plan)> _rejected = [];
    private readonly Dictionary<PlanItem, Rejection> _refused = [];
    private Dictionary<string, PlanItem>? _approved;
    private Plan? _approvedPlan;
    private Plan? _pending;
    private string? _unread;

    public bool IsApproved => _approved is not null;

    /// <summary>True if the approved plan was deleted or changed, so that it has no effect.</summary>
    public bool ApprovalIsLost => input.Approval is { } approval && _lost.Contains(approval.Hash);

    public static async Task<ShardPlans> ReadAsync(
        IPlanStore store, PhaseInput input, bool ofHealth, PhaseNotes notes, CancellationToken ct)
    {
        var plans = new ShardPlans(store, input, ofHealth, notes);
        if (input.Approval is { } approval && approval.IsOfHealth == ofHealth && input.AsOf < approval.Until)
        {
            plans._approvedPlan = await plans.ReadAsync(approval.Hash, "approved", ct);
            plans._approved = plans._approvedPlan?.Items
                .DistinctBy(item => item.InstanceId).ToDictionary(item => item.InstanceId);
        }

        if (input.Plans?.Pending is { } pending && pending.IsOfHealth == ofHealth)
            plans._pending = await plans.ReadAsync(pending.Hash, "pending", ct);
        foreach (var rejection in (input.Plans?.Rejected ?? []).Where(r => r.IsOfHealth == ofHealth))
        {
            if (await plans.ReadAsync(rejection.Hash, "rejected", ct) is { } plan)
                plans.Refuse(rejection, plan);
            else if (!plans._lost.Contains(rejection.Hash))
                plans._unread ??= CollectPlan.IdOf(rejection.Hash);
        }

        return plans;
    }

    /// <summary>
    /// True if this instance, machine and reason were approved, and despite this guard if one is given.
    /// </summary>
    public bool Approves(Candidate candidate, string? guard = null) =>
        _approved?.GetValueOrDefault(candidate.Id)?.Covers(candidate) is true
        && (guard is null || _approvedPlan!.Guards.Contains(guard));

    /// <summary>True if a check of this instance was approved while the source of health was suspect.</summary>
    public bool ApprovesCheck(InstanceRow row) =>
        _approved?.GetValueOrDefault(row.Id) is { Reason: null } item && item.ProviderId == row.ProviderId;

    /// <summary>Returns why an operator's rejection applies to an instance; null if none does.</summary>
    public string? WhyRejected(PlanItem item)
    {
        if (_unread is { } unread) return $"rejected plan {unread} could not be read, and may hold it";
        return _refused.TryGetValue(item, out var rejection)
            ? $"rejected by {rejection.By} with plan {CollectPlan.IdOf(rejection.Hash)}: {rejection.Comment}"
            : null;
    }

    /// <summary>
    /// Returns the rejected plans without candidates, and those that were lost. Null candidates: unknown in this cycle.
    /// </summary>
    public IReadOnlyList<string> RejectionsOver(IReadOnlySet<string>? candidates) =>
    [
        .. (input.Plans?.Rejected ?? []).Select(r => r.Hash).Where(_lost.Contains),
        .. _rejected
            .Where(r => candidates is not null && !r.Plan.Items.Any(item => candidates.Contains(item.InstanceId)))
            .Select(r => r.Rejection.Hash),
    ];

    /// <summary>
    /// Returns the state of the pending plan; null without one. Null candidates: unknown in this cycle.
    /// </summary>
    public PendingPlan? Pending(IReadOnlySet<string>? candidates, IReadOnlyList<PlanItem> held)
    {
        if (input.Plans?.Pending is not { } pending) return null;
        var result = new PendingPlan(pending.Hash);
        if (pending.IsOfHealth != ofHealth) return result with { Waiting = held.Count };
        if (_lost.Contains(pending.Hash))
            return result with { Over = "its object in the bucket was deleted or changed" };
        if (_pending is not { } plan) return result;
        var known = plan.Items.DistinctBy(item => item.InstanceId).ToDictionary(item => item.InstanceId);
        var waiting = held.Count(item => known.GetValueOrDefault(item.InstanceId)?.Covers(item) is not true);
        result = result with { Waiting = waiting };
        if (candidates is null) return result;
        var left = plan.Items.Count(item => candidates.Contains(item.InstanceId));
        return left * 2 < plan.Items.Count
            ? result with { Over = $"only {left} of its {plan.Items.Count} instances are still candidates" }
            : result;
    }

    /// <summary>
    /// Writes a new plan of what <paramref name="guards"/>, or limits alone, hold back. Null if the bucket failed; the
    /// next cycle retries.
    /// </summary>
    public async Task<CollectPlan?> ProposeAsync(
        IReadOnlyList<PlanItem> items, IReadOnlyList<string> guards, IReadOnlyList<string> why,
        IReadOnlyList<InstanceNote> samples, CancellationToken ct)
    {
        var plan = Plan.Of(input, items, guards, why);
        var bytes = plan.ToBytes();
        var hash = Plan.HashOf(bytes);
        try
        {
            await store.PutAsync(input.Shard, hash, bytes, ct);
        }
        catch (CloudException e)
        {
            notes.Problem($"the plan of {items.Count} held back instances could not be written: {e.Message}");
            return null;
        }

        return new(hash, plan.CreatedAt, plan.Items.Count)
        {
            Exceeded = why,
            Guards = guards,
            Parts = [.. plan.Parts().Take(CollectPlan.MaxParts)],
            Samples = [.. samples.Take(CollectPlan.MaxSamples)],
        };
    }

    /// <summary>Deletes the objects of finished plans, and returns the deleted ones.</summary>
    public async Task<IReadOnlyList<string>> DeleteEndedAsync(CancellationToken ct)
    {
        if (input.DryRun || input.Plans?.Ended is not { Count: > 0 } ended) return [];
        var failed = await store.DeleteAsync(input.Shard, ended, ct);
        return [.. ended.Where(hash => !failed.ContainsKey(hash))];
    }

    /// <summary>Remembers the facts that were rejected. Other facts are judged again.</summary>
    private void Refuse(Rejection rejection, Plan plan)
    {
        _rejected.Add((rejection, plan));
        foreach (var item in plan.Items) _refused.TryAdd(item, rejection);
    }

    private async Task<Plan?> ReadAsync(string hash, string what, CancellationToken ct)
    {
        var id = CollectPlan.IdOf(hash);
        try
        {
            var bytes = await store.GetAsync(input.Shard, hash, ct);
            if (bytes is not null && Plan.Read(bytes, hash) is { } plan) return plan;
            _lost.Add(hash);
            var fate = bytes is null ? "was deleted" : "was changed";
            notes.Problem($"the object of {what} plan {id} {fate}: nothing is done by it");
        }
        catch (CloudException e)
        {
            notes.Outage($"{what} plan {id} could not be read, nothing is done by it: {e.Message}");
        }

        return null;
    }
}
