using System.Text;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Simulation.Nstance;

namespace Nstance.Temporal.Simulation.Fleet;

/// <summary>
/// A fleet in real time: agents register and report, instances are launched and lost in every way that fleets lose
/// them, and nstance's server acts by its rows. It records which instances the collector must not terminate.
/// </summary>
internal sealed class LivingFleet : IDisposable
{
    /// <summary>By this name the fleet terminates machines, as people do.</summary>
    public const string Hand = "fleet";

    private const int BeatsOfNstance = 2;

    private static readonly TimeSpan BeatTime = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongAgo = TimeSpan.FromHours(2);

    private readonly SimulatedCloud _cloud;
    private readonly ShardRef _shard;
    private readonly NstanceGeneration _generation;
    private readonly ShardFleet _fleet;
    private readonly NstanceServer _nstance;
    private readonly Random _random;
    private readonly Dictionary<string, byte[]> _foreignObjects = new(StringComparer.Ordinal);
    private int _beats;

    public LivingFleet(SimulatedCloud cloud, ShardRef shard, string path, int seed, NstanceGeneration generation)
    {
        _cloud = cloud;
        _shard = shard;
        _generation = generation;
        _random = new(seed);
        _fleet = new(shard, cloud.Ec2, cloud.S3);
        _nstance = new(path, generation, _fleet, FleetTimings.NstanceRegistrationTimeout, hasUnknownColumns: true);
        _fleet.Nstance = _nstance;
    }

    /// <summary>Gets what nstance terminated because of rows that the collector wrote.</summary>
    public IReadOnlyList<string> NstanceMisled => _nstance.Misled;

    public IReadOnlyCollection<Member> Members => _fleet.Members.Values;

    /// <summary>Gets the objects that the collector must leave as they are.</summary>
    public IReadOnlyDictionary<string, byte[]> ForeignObjects => _foreignObjects;

    /// <summary>Makes the fleet as it is when the collector starts.</summary>
    public void Settle(int instances)
    {
        var now = _cloud.Ec2.Now;
        foreach (var (key, text) in _shard.Objects()) PutForeign(key, text);
        Lead(now);
        foreach (var scenario in FleetPlan.Scenarios(instances)) AddOld(scenario, now);
        var rows = Members.Where(m => m.HasRow).Select(m => m.Known() with
        {
            HealthAt = m.RegisteredAt is null || m.Scenario is Scenario.FallsSilent ? m.RegisteredAt : now,
            DeletedAt = m.Scenario is Scenario.Expired ? m.GarbageSince : null,
        }).ToArray();
        _nstance.Write(database => database.Insert(rows));
    }

    /// <summary>Changes the fleet each second until cancelled.</summary>
    public async Task LiveAsync(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(BeatTime);
        try
        {
            while (await timer.WaitForNextTickAsync(ct)) Beat();
        }
        catch (OperationCanceledException)
        {
            // Cancelling is how it ends.
        }
    }

    /// <summary>Returns the ids of nstance's rows.</summary>
    public IReadOnlySet<string> Rows() => _nstance.File.Ids();

    public void Dispose() => _nstance.Dispose();

    /// <summary>Agents register and report, an instance may be launched, nstance collects and scales.</summary>
    private void Beat()
    {
        var now = _cloud.Ec2.Now;
        Lead(now);
        var late = Members.Where(m => m.Scenario is Scenario.RegistersLate && m.RegisteredAt is null
            && now - m.IssuedAt >= FleetTimings.RegistrationTimeout / 3).ToArray();
        foreach (var member in late) _fleet.Register(member, now);
        _nstance.File.Report(Members.Where(Reports).Select(m => (m.Id, now)));
        if (_random.Next(3) == 0) Launch(FleetPlan.Draw(_random), now);
        if (_beats++ % BeatsOfNstance != 0) return;
        _nstance.Collect(now);
        _nstance.Scale(_nstance.Sizes(now), now);
    }

    /// <summary>nstance's server keeps its leader lock.</summary>
    private void Lead(DateTimeOffset now) => PutForeign(
        $"{_shard.Prefix()}shard/{_shard.Shard}/leader.json",
        ShardLayout.Leader(ShardLayout.ServerId, "nstance:9000", now));

    private void PutForeign(string key, string text)
    {
        _foreignObjects[key] = Encoding.UTF8.GetBytes(text);
        _cloud.S3.Put(_shard.Bucket, key, _foreignObjects[key]);
    }

    private static bool Reports(Member m) =>
        m.Scenario is Scenario.Registers or Scenario.RegistersLate && m.RegisteredAt is not null;

    private void AddOld(Scenario scenario, DateTimeOffset now)
    {
        var issued = now - LongAgo - TimeSpan.FromSeconds(_random.Next(100_000));
        var isRegistered = scenario is Scenario.Registers or Scenario.FallsSilent or Scenario.Stopped
            or Scenario.TerminatedElsewhere or Scenario.Expired;
        var member = Make(scenario, issued, scenario switch
        {
            Scenario.Stopped or Scenario.TerminatedElsewhere => now,
            Scenario.Expired => now - LongAgo,
            Scenario.Registers or Scenario.FallsSilent or Scenario.Protected or Scenario.Foreign => null,
            _ => issued + FleetTimings.RegistrationTimeout,
        });
        _fleet.Members.Add(member.Number, member);
        member.RegisteredAt = isRegistered ? issued + TimeSpan.FromMinutes(1) : null;
        if (scenario is not Scenario.PreInsertOnly) _fleet.Launch(member, NewProviderId(), _shard.Shard, issued);
        if (member.HasRow) _fleet.PutRecord(member, now);
        if (scenario is Scenario.Stopped) _cloud.Ec2.Stop(member.ProviderId!);
        if (scenario is Scenario.TerminatedElsewhere or Scenario.Expired)
            _cloud.Ec2.Terminate(member.ProviderId!, Hand);
    }

    private void Launch(Scenario scenario, DateTimeOffset now)
    {
        var isGarbage = scenario is Scenario.NeverRegisters or Scenario.Orphan or Scenario.LostAnswer;
        var member = Make(scenario, now, isGarbage ? now + FleetTimings.RegistrationTimeout : null);
        _fleet.Create(member, NewProviderId(), _shard.Shard, now);
        if (scenario is Scenario.Registers) _fleet.Register(member, _cloud.Ec2.Now);
    }

    private Member Make(Scenario scenario, DateTimeOffset issuedAt, DateTimeOffset? garbageSince) =>
        FleetPlan.Make(_random, _fleet.Members.Count, scenario, issuedAt, _generation) with
        {
            GarbageSince = garbageSince,
        };

    private string NewProviderId() => $"i-0{_random.NextInt64():x16}";
}
