using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Nstance.Temporal.Activities.Audit;

/// <summary>
/// What each side said just before something was done. Facts in words; never a nonce, a key or a token.
/// </summary>
/// <param name="Row">The row.</param>
/// <param name="Cloud">The cloud.</param>
/// <param name="Record">The record.</param>
internal sealed record AuditEvidence(string? Row, string? Cloud, string? Record);

/// <summary>
/// One line of the audit: what was done to one instance, or would be, and on what grounds. In the bucket as JSON with
/// snake_case names, as nstance's own records are. Members are added, never renamed.
/// </summary>
internal sealed record AuditEntry
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // still one line: control characters are always escaped
    };

    /// <summary>The same when the same work is done again in the same cycle: readers keep one of each.</summary>
    public required string Id { get; init; }

    /// <summary>The cycle's time.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>
    /// When it was done, or written down, by the host's clock: CloudTrail's event of the call is at about this time.
    /// Null in lines of earlier releases.
    /// </summary>
    public DateTimeOffset? DoneAt { get; init; }

    /// <summary>Number of the cycle; 0: no cycle, a person.</summary>
    public int Cycle { get; init; }

    public required string Cluster { get; init; }

    public required string Shard { get; init; }

    /// <summary>The host that did it.</summary>
    public string? Host { get; init; }

    /// <summary>nstance's id, or what stands in its place.</summary>
    public required string Instance { get; init; }

    public string? ProviderId { get; init; }

    public string? Tenant { get; init; }

    public string? Group { get; init; }

    /// <summary>
    /// <c>terminating</c> stands in the bucket before the cloud is asked; <c>terminated</c>, <c>already-gone</c>,
    /// <c>failed</c> or <c>skipped</c> after it. Also <c>purged</c>, <c>marked-deleted</c>, <c>quarantining</c>,
    /// <c>quarantined</c>, <c>released</c>, <c>over-limit</c>, and for dry-run <c>would-…</c>.
    /// </summary>
    public required string Action { get; init; }

    /// <summary>
    /// A word of <c>Reasons</c>, <c>retention</c> or <c>sync</c>.
    /// </summary>
    public string? Reason { get; init; }

    public required string Why { get; init; }

    public AuditEvidence? Evidence { get; init; }

    /// <summary>The limits that held for it.</summary>
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

    /// <summary>Null: no line of an audit.</summary>
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
