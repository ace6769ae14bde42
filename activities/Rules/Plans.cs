using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Nstance.Temporal.Activities.Rules;

/// <summary>
/// One instance of a plan. Facts only: an age would make another plan of the same instances in each cycle.
/// </summary>
internal sealed record PlanItem(
    string InstanceId, string? ProviderId, string Tenant, string Group, CollectReason Reason, string Evidence)
{
    public static PlanItem Of(Assessment assessment)
    {
        var now = assessment.Evidence;
        var row = now.Row ?? assessment.Candidate.Row;
        var evidence = $"row {EvidenceText.Row(row)}; cloud {EvidenceText.Cloud(now)}; "
            + $"record {EvidenceText.Record(now.Record, now.RecordUnknown)}";
        return new(row.Id, row.ProviderId, assessment.Tenant, assessment.Group, assessment.Reason, evidence);
    }

    /// <summary>True: the same instance and machine, for the same reason.</summary>
    public bool Covers(Candidate candidate) =>
        InstanceId == candidate.Id && Reason == candidate.Reason && ProviderId == candidate.Row.ProviderId;
}

/// <summary>A plan: all that a limit held back in one cycle, and the hash that an approval names.</summary>
internal sealed record Plan(string Hash, IReadOnlyList<PlanItem> Items)
{
    public static Plan Of(IEnumerable<PlanItem> items)
    {
        PlanItem[] sorted = [.. items.OrderBy(i => i.InstanceId, StringComparer.Ordinal)];
        return new(HashOf(sorted), sorted);
    }

    /// <summary>SHA-256 of the items, in hexadecimal digits.</summary>
    public static string HashOf(IReadOnlyList<PlanItem> items) =>
        Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(items)));

    /// <summary>True: the items are those that the hash was made of.</summary>
    [JsonIgnore]
    public bool IsIntact => HashOf(Items) == Hash;
}
