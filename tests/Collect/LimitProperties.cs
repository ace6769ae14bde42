using CsCheck;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Tests.Collect;

/// <summary>
/// For any fleet, any limits and any approval: never more than allowed, and never what changed after it was read.
/// </summary>
public sealed class LimitProperties
{
    private static readonly string[] Groups = ["web", "db", "batch"];

    private static readonly Gen<(int Group, int Kind)[]> Fleets =
        Gen.Select(Gen.Int[0, 2], Gen.Int[0, 4]).Array[0, 25];

    private static readonly Gen<TerminationLimits> Bounds =
        from groupFloor in Gen.Int[0, 3]
        from groupPercent in Gen.Int[0, 60]
        from shardFloor in Gen.Int[0, 6]
        from shardPercent in Gen.Int[0, 60]
        select new TerminationLimits
        {
            GroupFloor = groupFloor,
            GroupPercent = groupPercent,
            ShardFloor = shardFloor,
            ShardPercent = shardPercent,
        };

    [Fact]
    public void Collect_AnyFleetAnyLimits_EachReasonIsWithinThemOrTerminatesNothing() =>
        Gen.Select(Fleets, Bounds).Sample((fleet, limits) =>
        {
            using var world = new CollectWorld();
            world.Input = world.Input with { Limits = limits };
            var made = Build(world, fleet);
            var live = made.GroupBy(m => m.Group).ToDictionary(g => g.Key, g => g.Count());

            var result = world.CollectAsync().GetAwaiter().GetResult();

            // Shrinks as reasons are done one after the other: the bound at the start is the loosest.
            var ended = made.Where(m => world.Cloud.TerminateCalls.Contains(m.Made.ProviderId)).ToArray();
            Assert.All(ended, m => Assert.True(m.Kind is Unhealthy or Dangling));
            foreach (var reason in ended.GroupBy(m => m.Kind))
            {
                Assert.True(reason.Count() <= Allowed(limits.ShardFloor, limits.ShardPercent, made.Length));
                Assert.All(reason.GroupBy(m => m.Group), g =>
                    Assert.True(g.Count() <= Allowed(limits.GroupFloor, limits.GroupPercent, live[g.Key])));
            }

            foreach (var counts in result.Counts)
                Assert.True(counts.OverLimit == 0 || counts.Terminated == 0);
        }, iter: 60, threads: 1);

    [Fact]
    public void Collect_ApprovedThenChanged_TerminatesOnlyUnchangedOnes() =>
        Gen.Select(Fleets, Gen.Int[0, 5].Array[25], Gen.Int[-2, 70]).Sample((fleet, changes, minutes) =>
        {
            using var world = new CollectWorld();
            world.Input = world.Input with { Limits = new() { ShardFloor = 0, ShardPercent = 0 } };
            var made = Build(world, fleet);
            if (world.CollectAsync().GetAwaiter().GetResult().Plan is not { } plan) return;
            Assert.Empty(world.Cloud.TerminateCalls);
            for (var n = 0; n < made.Length; n++) Change(world, made[n].Made, changes[n]);
            var late = world.Add(group: "web"); // garbage that the plan does not name
            world.Input = world.Input with
            {
                AsOf = CollectWorld.AsOf.AddMinutes(Math.Max(0, minutes)),
                Approval = new(plan.Hash, "ann", "read", CollectWorld.AsOf),
            };

            world.CollectAsync().GetAwaiter().GetResult();

            Assert.DoesNotContain(late.ProviderId, world.Cloud.TerminateCalls);
            for (var n = 0; n < made.Length; n++)
            {
                var ended = world.Cloud.TerminateCalls.Contains(made[n].Made.ProviderId);
                if (changes[n] != 0 || made[n].Kind is Healthy or Protected or Foreign)
                    Assert.False(ended, $"kind {made[n].Kind}, change {changes[n]}");
                else Assert.Equal(minutes < 60, ended);
            }
        }, iter: 60, threads: 1);

    [Fact]
    public void PlanHash_AnyMemberOfAnyItemChanges_IsAnother()
    {
        PlanItem[] plan =
        [
            new("a", "i-1", "acme", "web", CollectReason.Dangling, "row"),
            new("b", null, "acme", "db", CollectReason.Orphan, "row"),
        ];
        PlanItem[][] others =
        [
            [plan[0]], [plan[0], plan[1], plan[1] with { InstanceId = "c" }],
            [plan[0] with { InstanceId = "aa" }, plan[1]], [plan[0] with { ProviderId = "i-2" }, plan[1]],
            [plan[0] with { ProviderId = null }, plan[1]],
            [plan[0] with { Tenant = "globex" }, plan[1]], [plan[0] with { Group = "db" }, plan[1]],
            [plan[0] with { Reason = CollectReason.Unhealthy }, plan[1]],
            [plan[0] with { Evidence = "row, registered" }, plan[1]],
            [plan[0] with { Since = CollectWorld.AsOf }, plan[1]], [plan[0] with { Machine = "running" }, plan[1]],
        ];

        var hashes = others.Append(plan).Select(HashOf).ToArray();

        Assert.Equal(hashes.Length, hashes.Distinct().Count());
        Assert.Equal(HashOf(plan), HashOf([plan[1], plan[0]]));

        static string HashOf(PlanItem[] items) => Plan.HashOf(
            Plan.Of(new(CollectWorld.Shard, CollectWorld.AsOf, new()), items, [], []).ToBytes());
    }

    private const int Healthy = 0, Unhealthy = 1, Dangling = 2, Protected = 3, Foreign = 4;

    private static (CollectWorld.Made Made, string Group, int Kind)[] Build(
        CollectWorld world, (int Group, int Kind)[] fleet) =>
        [.. fleet.Select(f => (Add(world, Groups[f.Group], f.Kind), Groups[f.Group], f.Kind))];

    private static CollectWorld.Made Add(CollectWorld world, string group, int kind) => kind switch
    {
        Healthy => world.Add(registered: true, recordRegistered: true, group: group),
        Unhealthy => world.Add(
            rowStatus: "stopped", status: InstanceStatus.Stopped, registered: true, recordRegistered: true,
            group: group),
        Dangling => world.Add(group: group),
        Protected => world.Add(protect: "true", group: group),
        _ => world.Add(shardTag: "us-west-2b", group: group),
    };

    /// <summary>Changes an instance after the plan was read; 0 changes nothing.</summary>
    private static void Change(CollectWorld world, CollectWorld.Made made, int change)
    {
        var now = world.Cloud.Instances[made.ProviderId];
        switch (change)
        {
            case 1: // its agent registers, and it runs
                world.Sql(
                    "UPDATE instances SET registered_at = $at WHERE id = $id",
                    ("$at", GoTime.Format(CollectWorld.AsOf)), ("$id", made.Id));
                world.Cloud.Add(now with { State = "running", Status = InstanceStatus.Running });
                break;
            case 2:
                world.Cloud.Add(
                    now with { Tags = new Dictionary<string, string>(now.Tags) { [CloudTags.GcProtect] = "true" } });
                break;
            case 3: // its tags name another cluster
                world.Cloud.Add(
                    now with { Tags = new Dictionary<string, string>(now.Tags) { [CloudTags.ClusterId] = "other" } });
                break;
            case 4: // the row names another machine
                world.Sql("UPDATE instances SET provider_id = 'i-other' WHERE id = $id", ("$id", made.Id));
                break;
            case 5:
                world.Cloud.Undescribable.Add(made.ProviderId);
                break;
        }
    }

    private static int Allowed(int floor, int percent, int live) => Math.Max(floor, live * percent / 100);
}
