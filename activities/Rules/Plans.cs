using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Nstance.Temporal.Activities.Rules;

/// <summary>
/// One instance of a plan. It holds facts and no ages, so that the same facts identify a rejected instance.
/// </summary>
internal sealed record PlanItem(
    string InstanceId, string? ProviderId, string Tenant, string Group, CollectReason? Reason, string Evidence)
{
    /// <summary>When its machine was launched, or its row issued; null if unknown.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>State of its machine at the cloud; null if it has none, or the cloud was not asked.</summary>
    public string? Machine { get; init; }

    public static PlanItem Of(Assessment assessment)
    {
        var now = assessment.Evidence;
        var row = now.Row ?? assessment.Candidate.Row;
        var evidence = $"row {EvidenceText.Row(row)}; cloud {EvidenceText.Cloud(now)}; "
            + $"record {EvidenceText.Record(now.Record, now.RecordUnknown)}";
        return new(row.Id, row.ProviderId, assessment.Tenant, assessment.Group, assessment.Reason, evidence)
        {
            Since = now.Instance?.LaunchTime ?? row.Issued,
            Machine = now.Instance?.State,
        };
    }

    /// <summary>Returns the check of an instance whose agent does not report. It has no reason to terminate.</summary>
    public static PlanItem OfCheck(InstanceRow row) => new(
        row.Id, row.ProviderId, row.Tenant, row.Group ?? "", null,
        $"row {EvidenceText.Row(row)}, last sign {EvidenceText.Time(row.LastSign)}")
    {
        Since = row.Issued,
    };

    /// <summary>True for the same instance, machine and reason.</summary>
    public bool Covers(Candidate candidate) =>
        InstanceId == candidate.Id && Reason == candidate.Reason && ProviderId == candidate.Row.ProviderId;

    public bool Covers(PlanItem other) =>
        InstanceId == other.InstanceId && Reason == other.Reason && ProviderId == other.ProviderId;
}

/// <summary>
/// A plan: all that limits and guards held back in one cycle. The bucket holds its bytes, and an approval names their
/// hash. The names are in snake_case, as in nstance's own objects.
/// </summary>
internal sealed record Plan
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // read by people; control characters are escaped
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
    };

    public required string Cluster { get; init; }

    public required string Shard { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public int Cycle { get; init; }

    /// <summary>The guards that held it back. An approval covers these guards only.</summary>
    public IReadOnlyList<string> Guards { get; init; } = [];

    public IReadOnlyList<string> Why { get; init; } = [];

    /// <summary>Its instances, in the order of their ids.</summary>
    public required IReadOnlyList<PlanItem> Items { get; init; }

    public static Plan Of(
        PhaseInput input, IEnumerable<PlanItem> items, IReadOnlyList<string> guards, IReadOnlyList<string> why) => new()
        {
            Cluster = input.Shard.Cluster,
            Shard = input.Shard.Shard,
            CreatedAt = input.AsOf,
            Cycle = input.Cycle,
            Guards = guards,
            Why = why,
            Items = [.. items.OrderBy(i => i.InstanceId, StringComparer.Ordinal)],
        };

    /// <summary>Reads the bytes of a plan; null if they do not have that hash.</summary>
    public static Plan? Read(ReadOnlySpan<byte> bytes, string hash)
    {
        if (HashOf(bytes) != hash) return null;
        try
        {
            return JsonSerializer.Deserialize<Plan>(bytes, Json);
        }
        catch (JsonException)
        {
            return null; // written by another version
        }
    }

    public static string HashOf(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, Json);

    /// <summary>Returns counts by reason and group, largest first.</summary>
    public IReadOnlyList<PlanPart> Parts() =>
    [
        .. Items.GroupBy(item => (item.Reason, Group: GroupName.Shown(item.Tenant, item.Group)))
            .Select(part => new PlanPart(part.Key.Reason, part.Key.Group, part.Count()))
            .OrderByDescending(part => part.Instances)
            .ThenBy(part => part.Reason).ThenBy(part => part.Group, StringComparer.Ordinal),
    ];

}
