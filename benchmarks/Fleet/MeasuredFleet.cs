using System.Collections.Concurrent;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Simulation.Fleet;
using Nstance.Temporal.Simulation.Nstance;

namespace Nstance.Temporal.Benchmarks.Fleet;

/// <summary>
/// The truth of a run. Instances and records are made when they are asked for, as an SDK makes them from an answer, so
/// that measured memory is the collector's.
/// </summary>
internal sealed class MeasuredFleet
{
    private const int Tenants = 4;
    private const int GroupsOfTenant = 25;

    private static readonly string Secret = Convert.ToBase64String(new byte[180]);

    private readonly int[] _byKey;
    private readonly bool[] _ended;
    private readonly bool[] _recordDeleted;
    private readonly Dictionary<string, int> _byProvider;
    private readonly Dictionary<string, int> _byId;
    private readonly ConcurrentDictionary<IdPart, int[]> _parts = [];

    /// <param name="count">Size.</param>
    /// <param name="shard">The shard.</param>
    /// <param name="asOf">Now.</param>
    /// <param name="isQuiet">True: every instance is healthy.</param>
    public MeasuredFleet(int count, ShardRef shard, DateTimeOffset asOf, bool isQuiet = false)
    {
        Shard = shard;
        AsOf = asOf;
        var random = new Random(count);
        Members = [.. Enumerable.Range(0, count).Select(n => Make(n, isQuiet, random))];
        _ended = new bool[count];
        _recordDeleted = new bool[count];
        Machines = [.. Members.Where(HasMachine).Select(m => m.Number)];
        _byProvider = Machines.ToDictionary(n => Members[n].ProviderId!);
        _byId = Members.ToDictionary(m => m.Id, m => m.Number);
        _byKey = [.. Members.OrderBy(m => shard.RecordKey(m), StringComparer.Ordinal).Select(m => m.Number)];
    }

    public ShardRef Shard { get; }

    public DateTimeOffset AsOf { get; }

    /// <summary>The same, as nstance's driver writes it.</summary>
    public string Now => NstanceDatabase.Text(AsOf);

    public Member[] Members { get; }

    /// <summary>Numbers of the members that the cloud ever had.</summary>
    public int[] Machines { get; }

    /// <summary>Returns the same of a part, found once: the real cloud finds them on its own processors.</summary>
    public int[] MachinesOf(IdPart part) => part == IdPart.Whole
        ? Machines
        : _parts.GetOrAdd(part, part => [.. Machines.Where(n => part.Has(Members[n].ProviderId!))]);

    public int Count(Scenario scenario) => Members.Count(m => m.Scenario == scenario);

    public bool HasMachine(Member member) => member.Scenario is not (Scenario.PreInsertOnly or Scenario.Expired);

    public bool HasRecord(int number) => !_recordDeleted[number];

    /// <summary>Numbers of those that have a record, in the order in which S3 lists them.</summary>
    public IEnumerable<int> Recorded() => _byKey.Where(HasRecord);

    public void DeleteRecord(string id) => _recordDeleted[_byId[id]] = true;

    public int? ByProvider(string providerId) => _byProvider.TryGetValue(providerId, out var number) ? number : null;

    public int? ById(string id) => _byId.TryGetValue(id, out var number) ? number : null;

    public void End(int number) => _ended[number] = true;

    /// <summary>Restores what was before anything was collected.</summary>
    public void Reset()
    {
        Array.Clear(_ended);
        Array.Clear(_recordDeleted);
    }

    public string ETagOf(int number) => $"\"{(ulong)number * 0xC2B2AE3D27D4EB4FUL:x16}{number:x16}\"";

    /// <summary>Returns nstance's row of a member.</summary>
    public NstanceInstance Row(Member m) => m.Known() with
    {
        Nonce = $"eyJhbGciOiJFZERTQSJ9.{m.Id}.{Secret}",
        OnDemand = true,
        Status = "pending",
        HealthAt = m.RegisteredAt is null || m.Scenario is Scenario.Expired ? null
            : m.Scenario is Scenario.FallsSilent ? AsOf.AddMinutes(-10) : AsOf.AddSeconds(-20),
        DeletedAt = m.Scenario is Scenario.Expired ? AsOf.AddHours(-2) : null,
    };

    public byte[] Record(int number)
    {
        var member = Members[number];
        var status = member.Scenario is Scenario.PreInsertOnly ? "pending" : "running";
        return NstanceRecord.Write(Row(member), status, member.IssuedAt);
    }

    /// <summary>Reads a record as the collector does.</summary>
    public InstanceRecord Read(int number) => InstanceRecord.TryParse(Record(number), out var record, out var why)
        ? record : throw new InvalidOperationException(why);

    /// <summary>Returns a machine with the tags of any shard: many shards then share one fleet's memory.</summary>
    public CloudInstance Instance(int number, ShardRef shard)
    {
        var member = Members[number];
        var state = _ended[number] ? "shutting-down" : member.Scenario is Scenario.Stopped ? "stopped" : "running";
        return new CloudInstance(
            member.ProviderId!, state, Ec2State.Parse(state), member.IssuedAt, "us-west-2a", member.Ip4,
            null, $"ip-{member.Ip4}.us-west-2.compute.internal", shard.Tags(member));
    }

    /// <summary>Makes a member in the mix of docs/performance.md.</summary>
    private Member Make(int number, bool isQuiet, Random random)
    {
        var scenario = isQuiet ? Scenario.Registers : (number % 200) switch
        {
            0 or 1 => Scenario.NeverRegisters,
            2 or 3 => Scenario.FallsSilent,
            4 or 5 => Scenario.Expired,
            6 => Scenario.Stopped,
            7 => Scenario.PreInsertOnly,
            _ => Scenario.Registers,
        };
        var isRegistered = scenario is not (Scenario.NeverRegisters or Scenario.PreInsertOnly);
        var minutes = isRegistered ? 180 + random.Next(30 * 24 * 60) : 60 + random.Next(60);
        var issuedAt = AsOf.AddMinutes(-minutes);
        var tenant = $"tenant-{number % Tenants}";
        var group = $"group-{number / Tenants % GroupsOfTenant}";
        return new(number, MemberId.New(random, "knc", issuedAt), tenant, group, scenario, issuedAt)
        {
            // Scattered, as the cloud's ids are.
            ProviderId = scenario is Scenario.PreInsertOnly ? null : $"i-0{(ulong)number * 0x9E3779B97F4A7C15UL:x16}",
            RegisteredAt = isRegistered ? issuedAt.AddMinutes(1) : null,
        };
    }
}
