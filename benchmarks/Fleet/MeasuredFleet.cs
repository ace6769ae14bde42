using System.Collections.Concurrent;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Simulation.Fleet;
using Nstance.Temporal.Simulation.Nstance;
using static Nstance.Temporal.Simulation.Fleet.Scenario;

namespace Nstance.Temporal.Benchmarks.Fleet;

/// <summary>
/// The truth of a run. Instances and records are made when they are asked for, as an SDK makes them from an answer, so
/// that measured memory is the collector's.
/// </summary>
internal sealed class MeasuredFleet
{
    // Of each 200 members; the others are healthy (docs/performance.md).
    private static readonly Scenario[] Mix =
        [NeverRegisters, NeverRegisters, FallsSilent, FallsSilent, Expired, Expired, Stopped, PreInsertOnly];

    private static readonly string Secret = Convert.ToBase64String(new byte[180]);

    private readonly Member[] _byKey;
    private readonly bool[] _isEnded;
    private readonly bool[] _hasNoRecord;
    private readonly Dictionary<string, Member> _byId;
    private readonly ConcurrentDictionary<IdPart, Member[]> _parts = [];

    /// <summary>Makes as many members; healthy ones alone for a quiet fleet.</summary>
    public MeasuredFleet(int count, ShardRef shard, DateTimeOffset asOf, bool isQuiet = false)
    {
        Shard = shard;
        AsOf = asOf;
        var random = new Random(count);
        Members = [.. Enumerable.Range(0, count).Select(n => Make(n, isQuiet, random))];
        _isEnded = new bool[count];
        _hasNoRecord = new bool[count];
        Machines = [.. Members.Where(m => m.Scenario is not (PreInsertOnly or Expired))];
        _byId = Members.ToDictionary(m => m.Id);
        foreach (var machine in Machines) _byId.Add(machine.ProviderId!, machine);
        _byKey = [.. Members.OrderBy(m => shard.RecordKey(m), StringComparer.Ordinal)];
    }

    public ShardRef Shard { get; }

    public DateTimeOffset AsOf { get; }

    public Member[] Members { get; }

    /// <summary>Members that the cloud knows.</summary>
    public Member[] Machines { get; }

    /// <summary>Returns the same of a part, found once: the real cloud finds them on its own processors.</summary>
    public Member[] MachinesOf(IdPart part) => part == IdPart.Whole
        ? Machines
        : _parts.GetOrAdd(part, part => [.. Machines.Where(m => part.Has(m.ProviderId!))]);

    public int Count(Scenario scenario) => Members.Count(m => m.Scenario == scenario);

    /// <summary>Returns the member of an instance id, or of the provider id of a machine.</summary>
    public Member? Find(string id) => _byId.GetValueOrDefault(id);

    public bool HasRecord(Member member) => !_hasNoRecord[member.Number];

    /// <summary>Members that have a record, in the order in which S3 lists them.</summary>
    public IEnumerable<Member> Recorded() => _byKey.Where(HasRecord);

    public void DeleteRecord(string id) => _hasNoRecord[_byId[id].Number] = true;

    public void End(string providerId) => _isEnded[_byId[providerId].Number] = true;

    /// <summary>Restores what was before anything was collected.</summary>
    public void Reset()
    {
        Array.Clear(_isEnded);
        Array.Clear(_hasNoRecord);
    }

    public static string ETag(Member m) => $"\"{(ulong)m.Number * 0xC2B2AE3D27D4EB4FUL:x16}{m.Number:x16}\"";

    /// <summary>Returns nstance's row of a member.</summary>
    public NstanceInstance Row(Member m) => m.Known() with
    {
        Nonce = $"eyJhbGciOiJFZERTQSJ9.{m.Id}.{Secret}",
        OnDemand = true,
        Status = "pending",
        HealthAt = m.RegisteredAt is null || m.Scenario is Expired ? null
            : m.Scenario is FallsSilent ? AsOf.AddMinutes(-10) : AsOf.AddSeconds(-20),
        DeletedAt = m.Scenario is Expired ? AsOf.AddHours(-2) : null,
    };

    public byte[] Record(Member m) =>
        NstanceRecord.Write(Row(m), m.Scenario is PreInsertOnly ? "pending" : "running", m.IssuedAt);

    /// <summary>Reads a record as the collector does.</summary>
    public InstanceRecord Read(Member m) =>
        ((RecordRead.Found)RecordRead.Parse(Shard, Shard.RecordKey(m), Record(m), ETag(m))).Record;

    /// <summary>Reads all records: a call for each page of keys and for each record.</summary>
    public IEnumerable<(Member Member, InstanceRecord Record)> ReadAll(Calls calls, int pageSize)
    {
        var members = Recorded().ToList();
        calls.Add(members.Count, pageSize);
        calls.Add(members.Count);
        return members.Select(member => (member, Read(member)));
    }

    /// <summary>Returns a machine with the tags of any shard: many shards then share one fleet's memory.</summary>
    public CloudInstance Instance(Member m, ShardRef? shard = null)
    {
        var state = _isEnded[m.Number] ? "shutting-down" : m.Scenario is Stopped ? "stopped" : "running";
        return new CloudInstance(
            m.ProviderId!, state, Ec2State.Parse(state), m.IssuedAt, "us-west-2a", m.Ip4, null,
            $"ip-{m.Ip4}.us-west-2.compute.internal", (shard ?? Shard).Tags(m));
    }

    private Member Make(int number, bool isQuiet, Random random)
    {
        var scenario = !isQuiet && number % 200 < Mix.Length ? Mix[number % 200] : Registers;
        var isRegistered = scenario is not (NeverRegisters or PreInsertOnly);
        var minutes = isRegistered ? 180 + random.Next(30 * 24 * 60) : 60 + random.Next(60);
        var issuedAt = AsOf.AddMinutes(-minutes);
        var id = MemberId.New(random, "knc", issuedAt);
        return new(number, id, $"tenant-{number % 4}", $"group-{number / 4 % 25}", scenario, issuedAt)
        {
            // Scattered, as the cloud's ids are.
            ProviderId = scenario is PreInsertOnly ? null : $"i-0{(ulong)number * 0x9E3779B97F4A7C15UL:x16}",
            RegisteredAt = isRegistered ? issuedAt.AddMinutes(1) : null,
        };
    }
}
