using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Simulation.Nstance;

namespace Nstance.Temporal.Simulation.Fleet;

/// <summary>
/// nstance's server, its agents and the people around them: makes instances in nstance's order (row, record, cloud
/// call, record, row, registration), lets agents report, loses some in every way that fleets lose them. It knows which
/// instances must live.
/// </summary>
internal sealed class LivingFleet : INstanceCloud, IDisposable
{
    public const string Hand = "fleet";

    /// <summary>The hand by which nstance's own collector and its group scaling terminate.</summary>
    public const string NstanceHand = "nstance";

    private const int BeatsOfNstance = 2;

    private static readonly TimeSpan LongAgo = TimeSpan.FromHours(2);

    private readonly SimulatedCloud _cloud;
    private readonly ShardPlace _place;
    private readonly NstanceGeneration _generation;
    private readonly NstanceServer _nstance;
    private readonly Random _random;
    private readonly Dictionary<string, byte[]> _foreignObjects = new(StringComparer.Ordinal);
    private int _beats;

    public LivingFleet(SimulatedCloud cloud, ShardPlace place, string path, int seed, NstanceGeneration generation)
    {
        _cloud = cloud;
        _place = place;
        _generation = generation;
        _random = new(seed);
        _nstance = new(path, generation, this, FleetTimings.NstanceRegistrationTimeout, hasUnknownColumns: true);
    }

    /// <summary>Gets what nstance terminated because of rows that the collector wrote.</summary>
    public IReadOnlyList<string> NstanceMisled => _nstance.Misled;

    /// <summary>Everybody who ever was.</summary>
    public List<Member> Members { get; } = [];

    /// <summary>Objects that the collector must leave as they are.</summary>
    public IReadOnlyDictionary<string, byte[]> ForeignObjects => _foreignObjects;

    /// <summary>The fleet as it is when the collector first looks.</summary>
    public void Settle(int instances)
    {
        var now = _cloud.Ec2.Now;
        foreach (var (key, text) in _place.Objects()) PutForeign(key, text);
        foreach (var fate in FleetPlan.Fates(instances)) Members.Add(Old(fate, now));
        var rows = Members.Where(m => m.HasRow).Select(m => Row(m, now)).ToArray();
        _nstance.Write(database => database.Insert(rows));
    }

    /// <summary>One beat: agents report and register, an instance may be launched, nstance collects, scales.</summary>
    public void Beat()
    {
        var now = _cloud.Ec2.Now;
        var late = Members.Where(m => m.Fate is Fate.Late && m.RegisteredAt is null
            && now - m.IssuedAt >= FleetTimings.RegistrationTimeout / 3).ToArray();
        foreach (var member in late)
        {
            member.RegisteredAt = now;
            PutRecord(member, "running");
        }

        if (late.Length > 0) Register(late);
        _nstance.File.Report(Members.Where(m => m.Reports).Select(m => (m.Id.ToString(), now)));
        if (_random.Next(3) == 0) Members.Add(Born(FleetPlan.Newborn(_random), now));
        if (_beats++ % BeatsOfNstance != 0) return;
        _nstance.Collect(now);
        _nstance.Scale(_nstance.Sizes(now), now);
    }

    /// <summary>Returns the ids of nstance's rows.</summary>
    public IReadOnlySet<string> Rows() => _nstance.File.Ids();

    public bool IsAlive(string providerId) => _cloud.Ec2.Find(providerId)?.Alive == true;

    public bool Terminate(string providerId)
    {
        if (_cloud.Ec2.Find(providerId) is not { TerminationProtected: false }) return false;
        _cloud.Ec2.Terminate(providerId, NstanceHand);
        return true;
    }

    public bool IsRecorded(string instanceId) => Members.Exists(m =>
        m.Id.ToString() == instanceId && m.RegisteredAt is not null && _cloud.S3.Get(_place.Bucket, _place.RecordKey(m)) is not null);

    public void DeleteRecord(string instanceId)
    {
        if (Members.FirstOrDefault(m => m.Id.ToString() == instanceId) is { } member)
            _cloud.S3.Delete(_place.Bucket, _place.RecordKey(member), NstanceHand);
    }

    public void Dispose() => _nstance.Dispose();

    private static NstanceInstance Row(Member m, DateTimeOffset now) =>
        new(m.Id.ToString(), m.Tenant, m.Group, m.IssuedAt)
        {
            ProviderId = m.Fate is Fate.LostAnswer ? null : m.ProviderId,
            RegisteredAt = m.RegisteredAt,
            HealthAt = m.RegisteredAt is null || m.Fate is Fate.Silent ? m.RegisteredAt : now,
            DeletedAt = m.Fate is Fate.Expired ? m.GarbageSince : null,
        };

    private void Register(params Member[] members)
    {
        string[] ids = [.. members.Select(m => m.Id.ToString())];
        _nstance.Write(database => database.Register(ids, members[0].RegisteredAt!.Value));
    }

    private Member Old(Fate fate, DateTimeOffset now)
    {
        var issued = now - LongAgo - TimeSpan.FromSeconds(_random.Next(100_000));
        var member = FleetPlan.Make(_random, fate, issued, _generation) with
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
        if (fate is Fate.Unhealthy) _cloud.Ec2.Stop(member.ProviderId!);
        if (fate is Fate.Vanished or Fate.Expired) _cloud.Ec2.Terminate(member.ProviderId!, Hand);
        return member;
    }

    private Member Born(Fate fate, DateTimeOffset now)
    {
        var member = FleetPlan.Make(_random, fate, now, _generation) with
        {
            GarbageSince = fate is Fate.Dangling or Fate.Orphan or Fate.LostAnswer
                ? now + FleetTimings.RegistrationTimeout : null,
        };
        if (member.HasRow)
        {
            var row = Row(member, now);
            _nstance.Write(database => database.Insert(row));
            PutRecord(member, "pending");
        }

        member = Launch(member, now);
        if (fate is Fate.LostAnswer or Fate.Orphan) return member;
        PutRecord(member, "pending");
        _nstance.Write(database => database.SetProvider(member.Id.ToString(), member.ProviderId!, now));
        if (fate is not Fate.Healthy) return member;
        member.RegisteredAt = _cloud.Ec2.Now;
        PutRecord(member, "running");
        Register(member);
        return member;
    }

    private Member Launch(Member member, DateTimeOffset at)
    {
        if (member.Fate is Fate.StalePreInsert) return member;
        var machine = _cloud.Ec2.Launch(new LaunchSpec { Zone = _place.Shard, Tags = _place.Tags(member, _random) })[0];
        _cloud.Ec2.Put(machine with { LaunchedAt = at });
        return member with { ProviderId = machine.Id };
    }

    private void PutRecord(Member member, string status) =>
        _cloud.S3.Put(_place.Bucket, _place.RecordKey(member), member.Record(status, _cloud.Ec2.Now));

    private void PutForeign(string key, string text)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(text);
        _foreignObjects[key] = bytes;
        _cloud.S3.Put(_place.Bucket, key, bytes);
    }
}
