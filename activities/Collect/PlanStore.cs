using System.Security.Cryptography;
using System.Text.Json;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Activities.Collect;

/// <summary>One instance of a plan. Facts only: an age would make another plan of the same instances in each cycle.</summary>
internal sealed record PlanItem(
    string InstanceId, string? ProviderId, string Tenant, string Group, CollectReason Reason, string Evidence)
{
    public static PlanItem Of(Assessment j)
    {
        var row = j.Now.Row ?? j.Candidate.Row;
        var evidence = $"row {EvidenceText.Sql(row)}; cloud {EvidenceText.Ec2(j.Now)}; record {EvidenceText.S3(j.Now)}";
        return new(row.Id, row.ProviderId, j.Tenant, j.Group, j.Candidate.Reason, evidence);
    }
}

/// <summary>
/// The plans that a host keeps in the shard's database: the newest, and one that was approved. On another host an
/// approved plan is not known: nothing of it ends there, and the limit makes it anew.
/// </summary>
internal sealed class PlanStore(ShardDatabase db)
{
    internal const string Key = "collect.plans";

    /// <summary>The instances that may end by this approval; null: none, or it is over, or the plan is not known here.</summary>
    public IReadOnlyDictionary<string, PlanItem>? Approved(Approval? approval, DateTimeOffset asOf)
    {
        if (approval is null || asOf >= approval.Until) return null;
        var items = Kept().FirstOrDefault(plan => plan.Hash == approval.Hash)?.Items;

        // Hashed again: what was changed in the database since is not what was approved.
        return items is not null && Hash(items) == approval.Hash ? items.ToDictionary(i => i.InstanceId) : null;
    }

    /// <summary>Keeps a plan, beside the approved one.</summary>
    public CollectPlan Keep(
        IReadOnlyCollection<PlanItem> items, IReadOnlyList<string> exceeded, IReadOnlyList<InstanceNote> samples,
        Approval? approval, DateTimeOffset asOf)
    {
        PlanItem[] sorted = [.. items.OrderBy(i => i.InstanceId, StringComparer.Ordinal)];
        var plan = new KeptPlan(Hash(sorted), sorted);
        var others = Kept().Where(kept => kept.Hash == approval?.Hash && kept.Hash != plan.Hash);
        db.SetMeta(Key, JsonSerializer.Serialize<KeptPlan[]>([plan, .. others]));
        return new(plan.Hash, asOf, sorted.Length) { Exceeded = exceeded, Samples = samples };
    }

    public static string Hash(IReadOnlyList<PlanItem> sorted) =>
        Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(sorted)));

    private KeptPlan[] Kept()
    {
        try
        {
            return db.GetMeta(Key) is { } json ? JsonSerializer.Deserialize<KeptPlan[]>(json) ?? [] : [];
        }
        catch (JsonException)
        {
            return []; // another version's words
        }
    }

    private sealed record KeptPlan(string Hash, IReadOnlyList<PlanItem> Items);
}
