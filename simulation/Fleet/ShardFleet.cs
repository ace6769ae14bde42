using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Simulation.Nstance;

namespace Nstance.Temporal.Simulation.Fleet;

/// <summary>
/// A shard as nstance makes it: rows, records and machines, in nstance's order. Demo, chaos and soak share it. It is
/// also what nstance's server reaches outside of its database.
/// </summary>
internal sealed class ShardFleet(ShardRef shard, Ec2Truth ec2, BucketTruth s3) : INstanceCloud
{
    /// <summary>By this name nstance's own collector and its group scaling terminate.</summary>
    public const string NstanceHand = "nstance";

    /// <summary>Every member that ever was, by number.</summary>
    public SortedDictionary<int, Member> Members { get; } = [];

    /// <summary>nstance's server; null: the shard's database is the collector's own.</summary>
    public NstanceServer? Nstance { get; set; }

    public Machine? MachineOf(Member member) => member.ProviderId is { } id ? ec2.Find(id) : null;

    public Member? WithId(string id) => Members.Values.FirstOrDefault(m => m.Id == id);

    public bool HasRecord(Member member) => s3.Get(shard.Bucket, shard.RecordKey(member)) is not null;

    public void PutRecord(Member member, DateTimeOffset now) =>
        s3.Put(shard.Bucket, shard.RecordKey(member), member.Record(now));

    /// <summary>Creates an instance: row, record, create call, record, row.</summary>
    public void Create(Member member, string providerId, string zone, DateTimeOffset now)
    {
        Members.Add(member.Number, member);
        if (member.HasRow)
        {
            Nstance?.Write(database => database.Insert(member.Known()));
            PutRecord(member, now);
        }

        if (member.Scenario is Scenario.PreInsertOnly) return;
        Launch(member, providerId, zone, ec2.Now);
        if (!member.HasRow || member.KnownProviderId is null) return;
        PutRecord(member, now);
        Nstance?.Write(database => database.SetProvider(member.Id, providerId, now));
    }

    /// <summary>Launches a machine with the member's tags.</summary>
    public void Launch(Member member, string providerId, string zone, DateTimeOffset at)
    {
        ec2.Put(new Machine(providerId, at, MachineState.Pending, at)
        {
            Zone = zone,
            PrivateIp = member.Ip4,
            Tags = shard.Tags(member),
        });
        member.ProviderId ??= providerId;
    }

    /// <summary>An agent registers: record, then row.</summary>
    public void Register(Member member, DateTimeOffset now)
    {
        member.RegisteredAt ??= ec2.Now;
        PutRecord(member, now);
        Nstance?.Write(database => database.Register([member.Id], now));
    }

    public bool IsAlive(string providerId) => ec2.Find(providerId)?.Alive is true;

    public bool Terminate(string providerId)
    {
        if (ec2.FindVisible(providerId) is not { TerminationProtected: false, StopProtected: false }) return false;
        ec2.Terminate(providerId, NstanceHand);
        return true;
    }

    public bool IsRecorded(string instanceId) =>
        WithId(instanceId) is { RegisteredAt: not null, HasCorruptRecord: false } member && HasRecord(member);

    public void DeleteRecord(string instanceId)
    {
        if (WithId(instanceId) is not { } member) return;
        member.IsGivenUp = true;
        s3.Delete(shard.Bucket, shard.RecordKey(member), NstanceHand);
    }
}
