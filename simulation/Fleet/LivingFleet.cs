using System.Text.Json;
using Nstance.Temporal.Simulation.Cloud;

namespace Nstance.Temporal.Simulation.Fleet;

/// <summary>
/// nstance's server, its agents and the people around them: makes instances in nstance's order (row, record, cloud call, record,
/// row, registration), lets agents report, loses some in every way that fleets lose them. It knows who must live.
/// </summary>
internal sealed class LivingFleet(SimulatedCloud cloud, ServerDatabase database, ShardPlace place, int seed)
{
    public const string Hand = "fleet";

    private static readonly TimeSpan LongAgo = TimeSpan.FromHours(2);

    private readonly Random _random = new(seed);
    private readonly Dictionary<string, byte[]> _foreignObjects = new(StringComparer.Ordinal);

    /// <summary>Everybody who ever was.</summary>
    public List<Member> Members { get; } = [];

    /// <summary>Objects that the collector must leave as they are.</summary>
    public IReadOnlyDictionary<string, byte[]> ForeignObjects => _foreignObjects;

    /// <summary>The fleet as it is when the collector first looks.</summary>
    public void Settle(int instances)
    {
        var now = cloud.Ec2.Now;
        foreach (var (key, text) in place.Objects()) PutForeign(key, text);
        foreach (var fate in FleetPlan.Fates(instances)) Members.Add(Old(fate, now));
        database.Insert(Members.Where(m => m.HasRow), now);
    }

    /// <summary>One beat: agents report, late ones register, somebody new may be born.</summary>
    public void Beat()
    {
        var now = cloud.Ec2.Now;
        var late = Members.Where(m => m.Fate is Fate.Late && m.RegisteredAt is null
            && now - m.IssuedAt >= FleetTimings.RegistrationTimeout / 3).ToArray();
        foreach (var member in late)
        {
            member.RegisteredAt = now;
            PutRecord(member, "running");
        }

        if (late.Length > 0) database.Register(late);
        database.Report(Members.Where(m => m.Reports), now);
        if (_random.Next(3) == 0) Members.Add(Born(FleetPlan.Newborn(_random), now));
    }

    private Member Old(Fate fate, DateTimeOffset now)
    {
        var issued = now - LongAgo - TimeSpan.FromSeconds(_random.Next(100_000));
        var member = FleetPlan.Make(_random, fate, issued) with
        {
            GarbageSince = fate switch
            {
                Fate.Unhealthy or Fate.Vanished => now,
                Fate.Expired => now - LongAgo,
                Fate.Dangling or Fate.Orphan or Fate.Untagged or Fate.LostAnswer or Fate.StalePreInsert =>
                    issued + FleetTimings.RegistrationTimeout,
                _ => null,
            },
        };
        if (fate is Fate.Healthy or Fate.Silent or Fate.Unhealthy or Fate.Vanished or Fate.Expired)
            member.RegisteredAt = issued + TimeSpan.FromMinutes(1);
        member = Launch(member, issued);
        if (member.HasRow) PutRecord(member, member.RegisteredAt is null ? "pending" : "running");
        if (fate is Fate.Unhealthy) cloud.Ec2.Stop(member.ProviderId!);
        if (fate is Fate.Vanished or Fate.Expired) cloud.Ec2.Terminate(member.ProviderId!, Hand);
        return member;
    }

    private Member Born(Fate fate, DateTimeOffset now)
    {
        var member = FleetPlan.Make(_random, fate, now) with
        {
            GarbageSince = fate is Fate.Dangling or Fate.Orphan or Fate.LostAnswer ? now + FleetTimings.RegistrationTimeout : null,
        };
        if (member.HasRow)
        {
            database.Insert([member], now);
            PutRecord(member, "pending");
        }

        member = Launch(member, now);
        if (fate is Fate.LostAnswer or Fate.Orphan) return member;
        PutRecord(member, "pending");
        database.SetProvider(member, cloud.Ec2.Now);
        if (fate is not Fate.Healthy) return member;
        member.RegisteredAt = cloud.Ec2.Now;
        PutRecord(member, "running");
        database.Register([member]);
        return member;
    }

    private Member Launch(Member member, DateTimeOffset at)
    {
        if (member.Fate is Fate.StalePreInsert) return member;
        var machine = cloud.Ec2.Launch(new LaunchSpec { Zone = place.Shard, Tags = Tags(member) })[0];
        cloud.Ec2.Put(machine with { LaunchedAt = at });
        return member with { ProviderId = machine.Id };
    }

    private Dictionary<string, string> Tags(Member member)
    {
        var tags = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["nstance:managed"] = "true",
            ["nstance:cluster-id"] = place.Cluster,
            ["nstance:shard"] = place.Shard,
            ["nstance:instance-id"] = member.Id.ToString(),
            ["nstance:instance-kind"] = member.Id.Kind,
            ["nstance:group"] = member.Group,
        };
        if (member.Fate is Fate.Untagged) tags.Remove("nstance:instance-id");
        if (member.Fate is Fate.Protected) tags["nstance:gc-protect"] = "true";
        if (member.Fate is not Fate.Foreign) return tags;
        switch (_random.Next(4))
        {
            case 0: tags["nstance:shard"] = "elsewhere-1"; break;
            case 1: tags["nstance:cluster-id"] = "someone-else"; break;
            case 2: tags["nstance:managed"] = "false"; break;
            default: tags.Clear(); break;
        }

        return tags;
    }

    private void PutRecord(Member member, string status) => cloud.S3.Put(place.Bucket, place.RecordKey(member),
        JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["instance_id"] = member.Id.ToString(),
            ["tenant"] = member.Tenant,
            ["group"] = member.Group,
            ["on_demand"] = false,
            ["subnet_id"] = "subnet-1",
            ["provider_instance_id"] = member.Fate is Fate.LostAnswer ? "" : member.ProviderId ?? "",
            ["instance_type"] = "t4g.small",
            ["status"] = status,
            ["created_at"] = member.IssuedAt.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffffffZ"),
            ["last_updated"] = cloud.Ec2.Now.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffffffZ"),
            ["registration_jwt"] = $"jwt-of-{member.Id}",
            ["config"] = new { kind = member.Id.Kind },
            ["tags"] = null,
            ["infra_config_hash"] = "hhhhhhhh",
            ["registered_at"] = member.RegisteredAt?.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffffffZ"),
        }.Where(m => m.Value is not null || m.Key == "tags").ToDictionary(StringComparer.Ordinal)));

    private void PutForeign(string key, string text)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(text);
        _foreignObjects[key] = bytes;
        cloud.S3.Put(place.Bucket, key, bytes);
    }
}
