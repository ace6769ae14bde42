using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Nstance.Temporal.Activities.Audit;

/// <summary>What row, cloud and record said just before an action. Never a nonce, a key or a token.</summary>
internal sealed record AuditEvidence(string? Row, string? Cloud, string? Record);

/// <summary>
/// One line of the audit: an action on one instance, or in a dry-run what it would be, with its evidence. JSON with
/// snake_case names, as in nstance's records. Members are added, never renamed.
/// </summary>
internal sealed record AuditEntry
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // still one line: control characters are always escaped
    };

    /// <summary>Equal if the same cycle repeats the same action: readers drop a duplicate.</summary>
    public required string Id { get; init; }

    /// <summary>The cycle's time.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>
    /// Time of the action by the host's clock, about that of CloudTrail's event. Null in lines of earlier releases.
    /// </summary>
    public DateTimeOffset? DoneAt { get; init; }

    /// <summary>Number of the cycle; 0 for an operator's action.</summary>
    public int Cycle { get; init; }

    public required string Cluster { get; init; }

    public required string Shard { get; init; }

    public string? Host { get; init; }

    /// <summary>nstance's id, or the id that tracks an instance without one.</summary>
    public required string Instance { get; init; }

    public string? ProviderId { get; init; }

    public string? Tenant { get; init; }

    public string? Group { get; init; }

    /// <summary>
    /// <c>terminating</c> is written before the call to the cloud; <c>terminated</c>, <c>already-gone</c>,
    /// <c>failed</c> or <c>skipped</c> after it. Also <c>purged</c>, <c>marked-deleted</c>, <c>quarantining</c>,
    /// <c>quarantined</c>, <c>released</c>, <c>over-limit</c>, and for dry-run <c>would-…</c>.
    /// </summary>
    public required string Action { get; init; }

    /// <summary>A reason of <c>Reasons</c>, <c>retention</c> or <c>sync</c>.</summary>
    public string? Reason { get; init; }

    public required string Why { get; init; }

    public AuditEvidence? Evidence { get; init; }

    public string? Limits { get; init; }

    /// <summary>Who approved the plan it was part of, or who released it.</summary>
    public string? ApprovedBy { get; init; }

    public string? ApprovalComment { get; init; }

    public bool DryRun { get; init; }

    public static string IdOf(DateTimeOffset at, string instance, string? reason, string action)
    {
        var identity = Encoding.UTF8.GetBytes($"{at:O}\n{instance}\n{reason}\n{action}");
        return Convert.ToHexStringLower(SHA256.HashData(identity))[..20];
    }

    public string ToLine() => JsonSerializer.Serialize(this, Json);

    /// <summary>Reads a line; null if it is not a line of an audit.</summary>
    public static AuditEntry? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<AuditEntry>(line, Json);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
