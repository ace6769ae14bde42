using System.Text;

namespace Nstance.Temporal.Simulation.Nstance;

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
