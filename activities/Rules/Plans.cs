using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Nstance.Temporal.Activities.Rules;

/// <summary>
/// One instance of a plan. Facts only: an age would make another plan of the same instances in each cycle.
/// </summary>
internal sealed record PlanItem(
    string InstanceId, string? ProviderId, string Tenant, string Group, CollectReason? Reason, string Evidence)
{
    public static PlanItem Of(Assessment assessment)
    {
        var now = assessment.Evidence;
        var row = now.Row ?? assessment.Candidate.Row;
        var evidence = $"row {EvidenceText.Row(row)}; cloud {EvidenceText.Cloud(now)}; "
            + $"record {EvidenceText.Record(now.Record, now.RecordUnknown)}";
        return new(row.Id, row.ProviderId, assessment.Tenant, assessment.Group, assessment.Reason, evidence);
    }

    /// <summary>A check of an instance whose agent is silent; it has no reason to terminate.</summary>
    public static PlanItem OfCheck(InstanceRow row) => new(
        row.Id, row.ProviderId, row.Tenant, row.Group ?? "", null,
        $"row {EvidenceText.Row(row)}, last sign {EvidenceText.Time(row.LastSign)}");

    /// <summary>True: the same instance and machine, for the same reason.</summary>
    public bool Covers(Candidate candidate) =>
        InstanceId == candidate.Id && Reason == candidate.Reason && ProviderId == candidate.Row.ProviderId;
}

/// <summary>A plan: all that limits and guards held back in one cycle, and the hash that an approval names.</summary>
internal sealed record Plan(string Hash, IReadOnlyList<PlanItem> Items)
{
    /// <summary>The guards that held it back: an approval covers them and no other.</summary>
    public IReadOnlyList<string> Guards { get; init; } = [];

    [JsonIgnore]
    public bool IsOfHealth => Guards.Contains(Workflows.Contracts.Guards.Health);

    public static Plan Of(IEnumerable<PlanItem> items, IReadOnlyList<string> guards)
    {
        PlanItem[] sorted = [.. items.OrderBy(i => i.InstanceId, StringComparer.Ordinal)];
        return new(HashOf(sorted, guards), sorted) { Guards = guards };
    }

    /// <summary>SHA-256 of items and guards, in hexadecimal digits.</summary>
    public static string HashOf(IReadOnlyList<PlanItem> items, IReadOnlyList<string> guards) =>
        Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(new { items, guards })));

    /// <summary>True: the items are those that the hash was made of.</summary>
    [JsonIgnore]
    public bool IsIntact => HashOf(Items, Guards) == Hash;
}
