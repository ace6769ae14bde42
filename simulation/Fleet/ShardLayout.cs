using Nstance.Temporal.Activities.Domain;

namespace Nstance.Temporal.Simulation.Fleet;

/// <summary>Where nstance keeps what belongs to a shard (contract, "Names").</summary>
internal static class ShardLayout
{
    /// <summary>The demo's shard.</summary>
    public static ShardRef Demo { get; } = new("demo", "us-west-2a", "demo-nstance");

    /// <summary>What each key begins with: nstance's <c>--prefix</c>, if there is one.</summary>
    public static string Prefix(this ShardRef shard) => shard.Prefix is { Length: > 0 } prefix ? prefix + "/" : "";

    public static string RecordKey(this ShardRef shard, Member member) =>
        $"{shard.Prefix()}shard/{shard.Shard}/instance/{member.Tenant}.{member.MemberId.StorageKey}.json";

    /// <summary>Returns a config.jsonc as nstance writes it.</summary>
    public static string Config(this ShardRef shard, ShardTimings timings) => $$"""
        { // as nstance writes it
          "cluster": { "id": "{{shard.Cluster}}" },
          "shard": {
            "id": "{{shard.Shard}}", "infra": { "provider": "aws", "region": "us-west-2", "zone": "{{shard.Shard}}" },
            "health_check_interval": "{{GoDuration.Format(timings.HealthCheckInterval)}}",
            "garbage_collection": {
              "interval": "{{GoDuration.Format(timings.Interval)}}",
              "registration_timeout": "{{GoDuration.Format(timings.RegistrationTimeout)}}",
              "deleted_record_retention": "{{GoDuration.Format(timings.DeletedRecordRetention)}}",
            },
          },
        }
        """;

    /// <summary>Returns a leader.json as nstance writes it.</summary>
    public static string Leader(string id, string address, DateTimeOffset updated) =>
        $$"""{ "leaderID": "{{id}}", "leaderAddr": "{{address}}", "lastUpdated": "{{updated:O}}" }""";

    /// <summary>Id of nstance's server, which leads the shard.</summary>
    public const string ServerId = "nst-1";

    /// <summary>Returns the bucket's other objects. The collector must not change them.</summary>
    public static IEnumerable<(string Key, string Text)> Objects(this ShardRef shard) =>
    [
        ($"{shard.Prefix()}shard/{shard.Shard}/config.jsonc", shard.Config(new())),
        ($"{shard.Prefix()}shard/{shard.Shard}/certlog/acme.json", "{}"),
        ($"{shard.Prefix()}shard/elsewhere-1/instance/acme.01970a1c-e31e-7422-9cd5-e9651d11cc97-knc.json", "{}"),
        ($"{shard.Prefix()}cluster/ca.crt", "not the collector's"),
    ];

    /// <summary>Returns the EC2 tags of a member.</summary>
    public static Dictionary<string, string> Tags(this ShardRef shard, Member member)
    {
        var tags = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["nstance:managed"] = "true",
            ["nstance:cluster-id"] = shard.Cluster,
            ["nstance:shard"] = shard.Shard,
            ["nstance:instance-id"] = member.Id,
            ["nstance:instance-kind"] = member.MemberId.Kind,
            ["nstance:group"] = member.Group,
        };
        if (member.Scenario is Scenario.Untagged) tags.Remove("nstance:instance-id");
        if (member.Scenario is Scenario.Protected) tags["nstance:gc-protect"] = "true";
        if (member.Scenario is not Scenario.Foreign) return tags;
        switch (member.Number % 4)
        {
            case 0: tags["nstance:cluster-id"] = "someone-else"; break;
            case 1: tags["nstance:shard"] = "elsewhere-1"; break;
            case 2: tags["nstance:managed"] = "false"; break;
            default: tags.Clear(); break;
        }

        return tags;
    }
}
