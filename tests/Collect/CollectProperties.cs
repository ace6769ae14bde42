using CsCheck;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Tests.Collect;

/// <summary>For any fleet and any fault: what must never happen.</summary>
public class CollectProperties
{
    private static readonly InstanceStatus[] States =
    [
        InstanceStatus.Pending, InstanceStatus.Running, InstanceStatus.Stopped, InstanceStatus.Deleting,
        InstanceStatus.Deleted, InstanceStatus.Unknown,
    ];

    private static readonly Gen<Member> Members =
        from rowStatus in OneOf("running", "stopped", "terminated", "unknown")
        from state in OneOf(States)
        from registered in Gen.Bool
        from recordRegistered in Gen.Bool
        from minutes in OneOf(1, 4, 6, 600)
        from provider in Gen.Bool
        from guarded in OneOf("no", "no", "no", "tag", "foreign", "endsProtected")
        from record in OneOf("there", "there", "missing", "unreadable", "undeletable", "broken")
        from cloud in OneOf("there", "there", "there", "gone", "silent", "endFails")
        select new Member(rowStatus, state, registered, recordRegistered, minutes, provider, guarded, record, cloud);

    private static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(n => values[n]);

    [Fact]
    public void Collect_AnyFleetAnyFault_TerminatesNoHealthyMachineAndLosesNothing() =>
        Gen.Select(Members.Array[0, 12], Gen.Bool, Gen.Bool).Sample((members, limited, cloudDown) =>
        {
            using var world = new CollectWorld();
            if (limited) world.Input = world.Input with { Limits = new TerminationLimits() };
            if (cloudDown && members.Length % 4 == 0)
                world.Cloud.DescribeFault = new(CloudFault.Transient, "no answer");
            var fleet = members.Select(m => (m, Made: m.AddTo(world))).ToArray();
            var before = world.Cloud.Instances.ToDictionary();

            var result = world.CollectAsync().GetAwaiter().GetResult();

            foreach (var (m, made) in fleet)
            {
                var asked = world.Cloud.TerminateCalls.Contains(made.ProviderId);
                var instance = before.GetValueOrDefault(made.ProviderId);
                if (m.Blocked is "tag" or "foreign") Assert.False(asked);
                if (m.Registered && m.State is (InstanceStatus.Running or InstanceStatus.Pending)) Assert.False(asked);
                if (m.RecordRegistered && m.Record == "there" && m.State is InstanceStatus.Running) Assert.False(asked);
                if (m.State == InstanceStatus.Unknown || m.Cloud == "silent" || m.Record == "unreadable")
                    Assert.False(asked);
                if (asked) Assert.NotNull(instance);

                // A record is deleted only when its instance is terminated or gone. A row is marked only after its
                // record, unless its machine is lost: then the record stays for the retention. A record that the bucket
                // keeps is remembered.
                var now = world.Cloud.Instances.GetValueOrDefault(made.ProviderId);
                if (world.Records.Deletes.Contains(made.Key) && m.Blocked != "foreign")
                    Assert.True(now is null || now.Status is InstanceStatus.Deleting or InstanceStatus.Deleted);
                var mayBeLost = !m.Provider && (m.Registered || m.RecordRegistered);
                if (!world.IsLive(made) && !mayBeLost)
                {
                    var isKept = world.Db.FindKeptRecords().Any(record => record.Key == made.Key);
                    Assert.Equal(isKept, world.HasRecord(made));
                }

                // A row without provider id whose machine carries another shard's tags has no machine that is ours to
                // end.
                if (m.Cloud == "endFails" && m.Blocked != "foreign"
                    && now?.Status is not (InstanceStatus.Deleting or InstanceStatus.Deleted))
                    Assert.True(world.IsLive(made));
            }

            if (limited)
            {
                // Floors: 2 of a group, and each reason is whole or not at all.
                foreach (var counts in result.Counts)
                {
                    Assert.True(counts.Terminated + counts.Failed <= 2 + (members.Length / 5));
                    if (counts.OverLimit > 0) Assert.Equal(0, counts.Terminated);
                }
            }
        }, iter: 80, threads: 1);

    private sealed record Member(
        string RowStatus, InstanceStatus State, bool Registered, bool RecordRegistered, int Minutes, bool Provider,
        string Blocked, string Record, string Cloud)
    {
        public CollectWorld.Made AddTo(CollectWorld world)
        {
            var made = world.Add(
                RowStatus, State, Registered, RecordRegistered, TimeSpan.FromMinutes(Minutes), Provider,
                Blocked == "tag" ? "true" : null, record: Record != "missing", inCloud: Cloud != "gone",
                shardTag: Blocked == "foreign" ? "elsewhere" : "us-west-2a");
            if (Record == "unreadable") world.Records.Unreadable.Add(made.Key);
            if (Record == "undeletable") world.Records.Undeletable.Add(made.Key);
            if (Record == "broken") world.Records.Put(made.Key, "{oops");
            if (Cloud == "silent") world.Cloud.Undescribable.Add(made.ProviderId);
            if (Cloud == "endFails") world.Cloud.TerminatesAs[made.ProviderId] = new(TerminateOutcome.Failed, "no");
            if (Blocked == "endsProtected")
                world.Cloud.TerminatesAs[made.ProviderId] = new(TerminateOutcome.Protected, "protected");
            return made;
        }
    }
}
