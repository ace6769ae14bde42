using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Unicode;

namespace Nstance.Temporal.Activities.Domain;

/// <summary>
/// An instance record of the bucket. One invalid member makes the whole record invalid, and an invalid record is not
/// evidence.
/// </summary>
internal sealed record InstanceRecord
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    public required InstanceId InstanceId { get; init; }

    public required string Tenant { get; init; }

    public required string Group { get; init; }

    public bool OnDemand { get; init; }

    /// <summary>Null in records of nstance v1.</summary>
    public string? SubnetId { get; init; }

    /// <summary>Null until the launch returned.</summary>
    public string? ProviderId { get; init; }

    public InstanceStatus Status { get; init; }

    public string? PrivateIpv4 { get; init; }

    public string? PrivateIpv6 { get; init; }

    public string? Hostname { get; init; }

    /// <summary>The record's value; without one, the time in its id.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? LastUpdated { get; init; }

    /// <summary>Null until the agent registered.</summary>
    public DateTimeOffset? RegisteredAt { get; init; }

    public string? InfraConfigHash { get; init; }

    public string? PublicKeyPem { get; init; }

    public Secret RegistrationJwt { get; init; }

    /// <summary>Reads a record. The reason for a refusal quotes no content, because a record holds secrets.</summary>
    public static bool TryParse(
        ReadOnlyMemory<byte> json, [NotNullWhen(true)] out InstanceRecord? record, [NotNullWhen(false)] out string? why)
    {
        record = null;
        try
        {
            // The parser accepts invalid bytes inside of a text, and throws when the text is read.
            using var document = Utf8.IsValid(json.Span) ? JsonDocument.Parse(json, Strict) : null;
            if (document is null) why = "is not UTF-8";
            else if (document.RootElement.ValueKind != JsonValueKind.Object) why = "is not a JSON object";
            else record = Read(new RecordReader(document.RootElement), out why);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            why = "is not JSON, or names a member twice";
        }

        return why is null;
    }

    // The generated method would print the secret.
    public override string ToString() => $"record of {InstanceId}";

    private static InstanceRecord? Read(RecordReader reader, out string? why)
    {
        var id = reader.Text("instance_id");
        if (!InstanceId.TryParse(id, out var instanceId)) reader.Fail("instance_id", "is missing or not a puidv7");
        var tenant = reader.Text("tenant");
        if (!Identifiers.IsValid(tenant)) reader.Fail("tenant", "is missing or not an id");
        var group = reader.Text("group");
        if (!Identifiers.IsValid(group)) reader.Fail("group", "is missing or not an id");
        var made = new InstanceRecord
        {
            InstanceId = instanceId,
            Tenant = tenant ?? "",
            Group = group ?? "",
            OnDemand = reader.Flag("on_demand"),
            SubnetId = reader.Text("subnet_id"),
            ProviderId = reader.Text("provider_instance_id"),
            Status = InstanceStatuses.Parse(reader.Text("status")),
            PrivateIpv4 = reader.Text("private_ipv4"),
            PrivateIpv6 = reader.Text("private_ipv6"),
            Hostname = reader.Text("hostname"),
            CreatedAt = reader.Time("created_at") ?? instanceId.CreatedAt,
            LastUpdated = reader.Time("last_updated"),
            RegisteredAt = reader.Time("registered_at"),
            InfraConfigHash = reader.Text("infra_config_hash"),
            PublicKeyPem = reader.Text("public_key_pem"),
            RegistrationJwt = new Secret(reader.Text("registration_jwt")),
        };
        why = reader.Why;
        return why is null ? made : null;
    }
}
