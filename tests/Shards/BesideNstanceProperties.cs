using CsCheck;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Simulation.Nstance;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Shards;

/// <summary>What <see cref="BesideNstanceTests"/> shows of single cases, for fleets of any kind.</summary>
public sealed class BesideNstanceProperties
{
    private static Gen<Fleet> Fleets { get; } = Gen.Select(
        Gen.Bool, Gen.Bool,
        Gen.Select(
            Gen.Int[0, 99], Gen.Bool, Gen.Bool, Gen.Bool, Gen.Bool, Gen.Int[0, 4], Gen.Int[1, 60 * 48],
            (kind, row, record, registered, machine, state, minutes) =>
                new Member(kind, row, record, registered, machine, state, minutes))
            .Array[1, 14],
        (isV1, unknown, members) => new Fleet(isV1, unknown, members));

    /// <summary>Any fleet, any state: a dump of nstance's tables is the same before and after a dry-run.</summary>
    [Fact]
    public Task DryRun_AnyFleet_LeavesNstancesTablesAsTheyWere() => Fleets.SampleAsync(
        async fleet =>
        {
            using var shard = Make(fleet);
            var before = NstanceTables.Dump(shard.Path);
            for (var cycle = 0; cycle < 2; cycle++) await shard.CycleAsync();
            NstanceTables.AssertOnlyReportsDiffer(before, NstanceTables.Dump(shard.Path));
            AssertNstanceIsNotMisled(shard);
        },
        iter: 25, threads: 2);

    /// <summary>
    /// After an enforcing cycle only rows of terminated, gone and purged instances differ, and backfilled ones are new.
    /// </summary>
    [Fact]
    public Task Enforce_AnyFleet_ChangesOnlyRowsOfInstancesThatAreGone() => Fleets.SampleAsync(
        async fleet =>
        {
            using var shard = Make(fleet);
            shard.Input = shard.Input with { DryRun = false, Limits = TerminationLimits.Off };
            var before = NstanceTables.Dump(shard.Path);
            for (var cycle = 0; cycle < 2; cycle++) await shard.CycleAsync();
            var after = NstanceTables.Dump(shard.Path);
            foreach (var id in after.Differs(before))
            {
                var changes = after.Changes(id, before);
                if (changes is { } columns && columns.All(NstanceTables.IsReport)) continue;
                if (!before.Instances.ContainsKey(id))
                {
                    Assert.Contains(fleet.Members, m => m.HasRecord && m.IsRegistered && $"'{m.Id}'" == id);
                    continue;
                }

                var alive = shard.Cloud.Instances.Values.Any(
                    i => $"'{i.InstanceId}'" == id && shard.IsAlive(i.ProviderId));
                Assert.False(alive, $"the row of {id} changed, and its machine is alive");
                Assert.All(
                    (changes ?? []).Where(c => !NstanceTables.IsReport(c)),
                    c => Assert.Contains(c, new[] { "deleted_at", "updated_at" }));
            }

            Assert.Equal(before.Schema, after.Schema);
            AssertNstanceIsNotMisled(shard);
        },
        iter: 25, threads: 2);

    private static SharedShard Make(Fleet fleet)
    {
        var shard = new SharedShard(fleet.IsV1 ? NstanceGeneration.V1 : NstanceGeneration.V2, fleet.HasUnknownColumns);
        shard.AddMember(hours: 50); // so that the cloud shows something of ours
        foreach (var m in fleet.Members) m.AddTo(shard);
        return shard;
    }

    private static void AssertNstanceIsNotMisled(SharedShard shard)
    {
        shard.Nstance.Collect(shard.Input.AsOf);
        shard.Nstance.Scale(shard.Nstance.Sizes(shard.Input.AsOf), shard.Input.AsOf);
        Assert.Empty(shard.Nstance.Misled);
    }

    private sealed record Fleet(bool IsV1, bool HasUnknownColumns, Member[] Members);

    /// <param name="Kind">Picks group, protection, mark and what is wrong with the row.</param>
    /// <param name="HasRow">nstance's row.</param>
    /// <param name="HasRecord">A record.</param>
    /// <param name="IsRegistered">Its agent registered.</param>
    /// <param name="HasMachine">A machine.</param>
    /// <param name="State">Of the machine.</param>
    /// <param name="Minutes">Its age.</param>
    private sealed record Member(
        int Kind, bool HasRow, bool HasRecord, bool IsRegistered, bool HasMachine, int State, int Minutes)
    {
        private static readonly InstanceStatus[] States =
        [
            InstanceStatus.Running, InstanceStatus.Stopped, InstanceStatus.Pending, InstanceStatus.Deleting,
            InstanceStatus.Deleted,
        ];

        public string Id { get; } = SharedShard.NewId(SharedShard.Start.AddMinutes(-Minutes));

        public void AddTo(SharedShard shard)
        {
            var issued = SharedShard.Start.AddMinutes(-Minutes);
            var group = Kind % 3 == 0 ? "db" : "web";
            var machine = HasMachine
                ? shard.Launch(Id, issued, States[State], Kind % 7 == 0 ? null : group, Kind % 5 == 0 ? "true" : null)
                : null;
            var provider = Kind % 11 == 0 ? null : machine?.ProviderId ?? (IsRegistered ? $"i-gone{Id[^8..]}" : null);
            if (HasRecord) shard.PutRecord(Id, group, provider, issued, IsRegistered ? issued : null);
            if (!HasRow) return;
            var row = new NstanceInstance(Id, "acme", group, issued)
            {
                ProviderId = provider,
                RegisteredAt = IsRegistered ? issued : null,
                HealthAt = IsRegistered ? SharedShard.Start : null,
                DeletedAt = Kind % 13 == 0 ? issued : null,
                Status = Kind % 17 == 0 ? "stopped" : "running",
                OnDemand = Kind % 19 == 0,
            };
            shard.Nstance.Write(database => database.Insert(row));
        }
    }
}
