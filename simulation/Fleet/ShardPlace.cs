namespace Nstance.Temporal.Simulation.Fleet;

/// <summary>Where the demo's shard is.</summary>
/// <param name="Cluster">Cluster id.</param>
/// <param name="Shard">Shard id, and the zone's name.</param>
/// <param name="Bucket">Bucket.</param>
internal sealed record ShardPlace(string Cluster, string Shard, string Bucket)
{
    public static ShardPlace Demo { get; } = new("demo", "us-west-2a", "demo-nstance");

    public string RecordKey(Member member) => $"shard/{Shard}/instance/{member.Tenant}.{member.Id.StorageKey}.json";

    /// <summary>The bucket's other objects: none of them is the collector's to change.</summary>
    public IEnumerable<(string Key, string Text)> Objects() =>
    [
        ($"shard/{Shard}/config.jsonc", $$"""
            {
              // the demo's shard; its timings come from the command line
              "cluster": { "id": "{{Cluster}}" },
              "shard": {
                "id": "{{Shard}}", "infra": { "provider": "aws", "region": "us-west-2", "zone": "{{Shard}}" },
                "garbage_collection": { "interval": "2m", "registration_timeout": "5m", "deleted_record_retention": "30m" },
              },
            }
            """),
        ($"shard/{Shard}/leader.json", """{"leader": "not the collector's"}"""),
        ($"shard/{Shard}/certlog/acme.json", "{}"),
        ($"shard/elsewhere-1/instance/acme.01970a1c-e31e-7422-9cd5-e9651d11cc97-knc.json", "{}"),
        ("cluster/ca.crt", "not the collector's"),
    ];

    /// <summary>Returns the EC2 tags of a member.</summary>
    public Dictionary<string, string> Tags(Member member, Random random)
    {
        var tags = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["nstance:managed"] = "true",
            ["nstance:cluster-id"] = Cluster,
            ["nstance:shard"] = Shard,
            ["nstance:instance-id"] = member.Id.ToString(),
            ["nstance:instance-kind"] = member.Id.Kind,
            ["nstance:group"] = member.Group,
        };
        if (member.Fate is Fate.Untagged) tags.Remove("nstance:instance-id");
        if (member.Fate is Fate.Protected) tags["nstance:gc-protect"] = "true";
        if (member.Fate is not Fate.Foreign) return tags;
        switch (random.Next(4))
        {
            case 0: tags["nstance:shard"] = "elsewhere-1"; break;
            case 1: tags["nstance:cluster-id"] = "someone-else"; break;
            case 2: tags["nstance:managed"] = "false"; break;
            default: tags.Clear(); break;
        }

        return tags;
    }
}
