using System.Text.Json;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Activities.Records;

/// <summary>
/// The plans that a host keeps in the shard's file: the newest, and the approved one. On another host an approved plan
/// is not known: nothing of it is done there, and the limit or guard makes it anew.
/// </summary>
internal sealed class PlanStore
{
    internal const string Key = "collect.plans";

    private readonly ShardDatabase _database;
    private readonly PhaseInput _input;
    private readonly Plan? _plan;
    private readonly IReadOnlyDictionary<string, PlanItem>? _approved;

    public PlanStore(ShardDatabase database, PhaseInput input)
    {
        _database = database;
        _input = input;
        if (input.Approval is not { } approval || input.AsOf >= approval.Until) return;

        // Checked by its hash: a plan that was changed in the file is not the one that was approved.
        _plan = Kept().FirstOrDefault(plan => plan.Hash == approval.Hash && plan.IsIntact);
        _approved = _plan?.Items.ToDictionary(i => i.InstanceId);
    }

    public bool IsApproved => _approved is not null;

    /// <summary>True: a plan was approved, and this host does not know it, or its time is over.</summary>
    public bool IsUnknown => _input.Approval is not null && _approved is null;

    /// <summary>
    /// True: exactly this instance, machine and reason were approved, despite this guard if there is one.
    /// </summary>
    public bool Approves(Candidate candidate, string? guard = null) =>
        _approved?.GetValueOrDefault(candidate.Id)?.Covers(candidate) is true
        && (guard is null || _plan!.Guards.Contains(guard));

    /// <summary>True: a check of exactly this instance was approved, though the source of health was suspect.</summary>
    public bool ApprovesCheck(InstanceRow row) =>
        _approved?.GetValueOrDefault(row.Id) is { Reason: null } item && item.ProviderId == row.ProviderId;

    /// <summary>Keeps a plan beside the approved one.</summary>
    /// <param name="items">What is held back.</param>
    /// <param name="guards">The guards that hold it back; empty: limits alone.</param>
    /// <param name="why">One sentence for each limit and guard.</param>
    /// <param name="samples">A few of its instances.</param>
    public CollectPlan Keep(
        IEnumerable<PlanItem> items, IReadOnlyList<string> guards, IReadOnlyList<string> why,
        IReadOnlyList<InstanceNote> samples)
    {
        var plan = Plan.Of(items, guards);
        // Collect and the health scan each have a newest plan.
        var others = Kept().Where(kept => kept.Hash != plan.Hash
            && (kept.Hash == _input.Approval?.Hash || kept.IsOfHealth != plan.IsOfHealth));
        _database.SetMeta(Key, JsonSerializer.Serialize<Plan[]>([plan, .. others]));
        return new(plan.Hash, _input.AsOf, plan.Items.Count) { Exceeded = why, Samples = samples };
    }

    private Plan[] Kept()
    {
        try
        {
            return _database.GetMeta(Key) is { } json ? JsonSerializer.Deserialize<Plan[]>(json) ?? [] : [];
        }
        catch (JsonException)
        {
            return []; // written by another version
        }
    }
}
