using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Text.Json;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Domain;

namespace Nstance.Temporal.Benchmarks.Fleet;

/// <summary>
/// The truth of a run: who exists, what the cloud shows, what the records say. Instances are made when they are asked
/// for, as an SDK makes them from an answer, so that memory measured is the collector's.
/// </summary>
internal sealed class MeasuredFleet : IDisposable
{
    private readonly NativeBytes[] _records;
    private readonly bool[] _ended;
    private readonly bool[] _recordDeleted;
    private readonly Dictionary<string, int> _byProvider;
    private readonly Dictionary<string, int> _byId;
    private readonly ConcurrentDictionary<IdPart, int[]> _parts = [];

    public MeasuredFleet(int count, ShardRef shard, DateTimeOffset asOf, bool isQuiet = false)
    {
        (Shard, AsOf) = (shard, asOf);
        var random = new Random(count);
        Members = new Member[count];
        for (var i = 0; i < count; i++) Members[i] = Make(i, asOf, random, isQuiet);
        _ended = new bool[count];
        _recordDeleted = new bool[count];
        _records = new NativeBytes[count];
        var (buffer, secret) = (new ArrayBufferWriter<byte>(), new byte[200]);
        foreach (var member in Members)
        {
            random.NextBytes(secret);
            buffer.ResetWrittenCount();
            WriteRecord(buffer, member, secret);
            _records[member.Number] = new NativeBytes(buffer.WrittenSpan);
        }

        _byProvider = Members.Where(m => m.HasMachine).ToDictionary(m => m.ProviderId, m => m.Number);
        _byId = Members.ToDictionary(m => m.Id.ToString(), m => m.Number);
        ByKey = [.. Members.OrderBy(KeyOf, StringComparer.Ordinal).Select(m => m.Number)];
        Machines = [.. Members.Where(m => m.HasMachine).Select(m => m.Number)];
    }

    public ShardRef Shard { get; }

    public DateTimeOffset AsOf { get; }

    public Member[] Members { get; }

    /// <summary>Numbers in the order in which S3 lists their records.</summary>
    public int[] ByKey { get; }

    /// <summary>Numbers of those that the cloud ever had.</summary>
    public int[] Machines { get; }

    /// <summary>The same of a part, found once: the real cloud looks for them on its own processors.</summary>
    public int[] MachinesOf(IdPart part) => part == IdPart.Whole
        ? Machines
        : _parts.GetOrAdd(part, static (part, fleet) => [.. fleet.Machines.Where(n => part.Has(fleet.Members[n].ProviderId))], this);

    public int Count(params Part[] parts) => Members.Count(m => parts.Contains(m.Part));

    public string KeyOf(Member member) => KeyOf(member, Shard);

    /// <summary>As if it were another shard's: many shards then share one fleet's memory.</summary>
    public static string KeyOf(Member member, ShardRef shard) => RecordKey.For(shard.Shard, member.Tenant, member.Id);

    public string ETagOf(int number) => $"\"{(ulong)number * 0xC2B2AE3D27D4EB4FUL:x16}{number:x16}\"";

    public ReadOnlyMemory<byte> Record(int number) => _records[number].Memory;

    public bool HasRecord(int number) => !_recordDeleted[number];

    public void DeleteRecord(int number) => _recordDeleted[number] = true;

    public int? ByProvider(string providerId) => _byProvider.TryGetValue(providerId, out var number) ? number : null;

    public int? ById(string id) => _byId.TryGetValue(id, out var number) ? number : null;

    public bool HasEnded(int number) => _ended[number];

    public void End(int number) => _ended[number] = true;

    /// <summary>As it was before anything was collected.</summary>
    public void Reset()
    {
        Array.Clear(_ended);
        Array.Clear(_recordDeleted);
    }

    public void Dispose() => Array.ForEach(_records, record => ((IDisposable)record).Dispose());

    public CloudInstance Instance(int number) => Instance(number, Shard);

    public CloudInstance Instance(int number, ShardRef shard)
    {
        var member = Members[number];
        var state = _ended[number] ? "shutting-down" : member.Part == Part.Unhealthy ? "stopped" : "running";
        var id = member.Id.ToString();
        return new CloudInstance(
            member.ProviderId, state, Ec2State.Parse(state), member.CreatedAt, "us-west-2a", member.Ip4, null,
            $"ip-{member.Ip4}.us-west-2.compute.internal",
            new Dictionary<string, string>
            {
                [CloudTags.Managed] = "true",
                [CloudTags.ClusterId] = shard.Cluster,
                [CloudTags.Shard] = shard.Shard,
                [CloudTags.InstanceId] = id,
                [CloudTags.Kind] = "knc",
                [CloudTags.Group] = member.Group,
                ["nstance:template"] = "default",
            });
    }

    private static Member Make(int number, DateTimeOffset asOf, Random random, bool isQuiet)
    {
        var part = isQuiet ? Part.Healthy : (number % 200) switch
        {
            0 or 1 => Part.Dangling,
            2 or 3 => Part.Stale,
            4 or 5 => Part.Deleted,
            6 => Part.Unhealthy,
            7 => Part.PreInsert,
            _ => Part.Healthy,
        };
        var age = part is Part.Dangling or Part.PreInsert
            ? TimeSpan.FromMinutes(60 + random.Next(60))
            : TimeSpan.FromMinutes(180 + random.Next(30 * 24 * 60));
        var createdAt = asOf - age;
        Span<byte> bytes = stackalloc byte[16];
        random.NextBytes(bytes);
        BinaryPrimitives.WriteInt64BigEndian(bytes, (createdAt.ToUnixTimeMilliseconds() << 16) | (uint)random.Next(0x10000));
        bytes[6] = (byte)(0x70 | (bytes[6] & 0x0F));
        bytes[8] = (byte)(0x80 | (bytes[8] & 0x3F));
        return new Member(number, new Guid(bytes, bigEndian: true), part, createdAt);
    }

    private static void WriteRecord(IBufferWriter<byte> writer, Member member, byte[] secret)
    {
        using var json = new Utf8JsonWriter(writer);
        json.WriteStartObject();
        json.WriteString("instance_id", member.Id.ToString());
        json.WriteString("tenant", member.Tenant);
        json.WriteString("group", member.Group);
        json.WriteBoolean("on_demand", true);
        json.WriteString("subnet_id", "subnet-0123456789abcdef0");
        json.WriteString("provider_instance_id", member.Part == Part.PreInsert ? "" : member.ProviderId);
        json.WriteString("instance_type", "m7g.large");
        json.WriteString("status", member.Part == Part.PreInsert ? "pending" : "running");
        json.WriteString("private_ipv4", member.Ip4);
        json.WriteString("private_ipv6", "");
        json.WriteString("hostname", "");
        json.WriteString("created_at", member.CreatedAt);
        json.WriteString("last_updated", member.CreatedAt);
        json.WriteString("registration_jwt", $"eyJhbGciOiJFZERTQSJ9.{Convert.ToBase64String(secret)}");
        json.WriteStartObject("config");
        json.WriteString("template", "default");
        json.WriteEndObject();
        json.WriteStartObject("tags");
        json.WriteString("team", "platform");
        json.WriteEndObject();
        json.WriteString("infra_config_hash", "4f7c1be0a4f7c1be0a4f7c1be0a4f7c1");
        if (member.IsRegistered)
        {
            json.WriteString("registered_at", member.CreatedAt.AddMinutes(1));
            json.WriteString("public_key_pem", "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n");
        }

        json.WriteEndObject();
    }
}
