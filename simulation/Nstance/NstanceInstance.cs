using System.Text;

namespace Nstance.Temporal.Simulation.Nstance;

/// <summary>An instance as nstance writes it into a new row, always with a group, and into its record.</summary>
internal sealed record NstanceInstance(string Id, string Tenant, string? Group, DateTimeOffset IssuedAt)
{
    /// <summary>The registration JWT, which is a secret.</summary>
    public string Nonce { get; init; } = $"jwt-of-{Id}";

    public bool OnDemand { get; init; }

    /// <summary>Null until the cloud answered.</summary>
    public string? ProviderId { get; init; }

    /// <summary>What <c>provider_state.$.status</c> says; not written without a provider id.</summary>
    public string Status { get; init; } = "running";

    public DateTimeOffset? RegisteredAt { get; init; }

    public DateTimeOffset? HealthAt { get; init; }

    public DateTimeOffset? DeletedAt { get; init; }

    public string? InfraConfigHash { get; init; } = "hhhhhhhh";
}

/// <summary>A row as nstance's own list queries read it. nstance compares <c>issued_at</c> as a text.</summary>
internal sealed record NstanceRow(
    string Id, string Tenant, string? Group, bool OnDemand, string? ProviderId, string? ProviderState,
    bool IsRegistered, string? IssuedAt, string? InfraConfigHash);

/// <summary>nstance's record of an instance in the bucket (contract, "Records").</summary>
internal static class NstanceRecord
{
    public static byte[] Write(NstanceInstance i, string status, DateTimeOffset now)
    {
        var registered = i.RegisteredAt is { } at ? $", \"registered_at\": \"{Text(at)}\"" : "";
        return Encoding.UTF8.GetBytes($$"""
            {
              "instance_id": "{{i.Id}}", "tenant": "{{i.Tenant}}", "group": "{{i.Group}}",
              "on_demand": {{(i.OnDemand ? "true" : "false")}}, "subnet_id": "subnet-1",
              "provider_instance_id": "{{i.ProviderId}}", "instance_type": "t4g.small", "status": "{{status}}",
              "private_ipv4": "", "private_ipv6": "", "hostname": "", "created_at": "{{Text(i.IssuedAt)}}",
              "last_updated": "{{Text(now)}}", "registration_jwt": "{{i.Nonce}}", "config": { "kind": "{{i.Id[..3]}}" },
              "tags": null, "infra_config_hash": "{{i.InfraConfigHash}}"{{registered}}
            }
            """);
    }

    private static string Text(DateTimeOffset time) => $"{time.UtcDateTime:yyyy-MM-ddTHH:mm:ss.fffffffZ}";
}
