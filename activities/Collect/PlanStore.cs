using System.Text.Json;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Activities.Collect;

/// <summary>
/// The plans that a host keeps in the shard's file: the newest, and the approved one. On another host an approved plan
/// is not known: nothing of it is terminated there, and the limit makes it anew.
/// </summary>
internal sealed class PlanStore
{
    internal const string Key = "collect.plans";

    private readonly ShardDatabase _database;
    private readonly PhaseInput _input;
    private readonly IReadOnlyDictionary<string, PlanItem>? _approved;

    public PlanStore(ShardDatabase database, PhaseInput input)
    {
        _database = database;
        _input = input;
        if (input.Approval is not { } approval || input.AsOf >= approval.Until) return;

        // Checked by its hash: a plan that was changed in the file is not the one that was approved.
        var plan = Kept().FirstOrDefault(plan => plan.Hash == approval.Hash && plan.IsIntact);
        _approved = plan?.Items.ToDictionary(i => i.InstanceId);
    }

    public bool IsApproved => _approved is not null;

    /// <summary>True: a plan was approved, and this host does not know it, or its time is over.</summary>
    public bool IsUnknown => _input.Approval is not null && _approved is null;

    /// <summary>True: exactly this instance, machine and reason were approved.</summary>
    public bool Approves(Assessment a) => _approved?.GetValueOrDefault(a.Candidate.Id)?.Covers(a.Candidate) is true;

    /// <summary>Keeps a plan beside the approved one.</summary>
    public CollectPlan Keep(IEnumerable<Assessment> held, CollectSummary summary)
    {
        var plan = Plan.Of(held.Select(PlanItem.Of));
        var others = Kept().Where(kept => kept.Hash == _input.Approval?.Hash && kept.Hash != plan.Hash);
        _database.SetMeta(Key, JsonSerializer.Serialize<Plan[]>([plan, .. others]));
        return new(plan.Hash, _input.AsOf, plan.Items.Count)
        {
            Exceeded = summary.ExceededLimits, Samples = summary.OverLimit,
        };
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
