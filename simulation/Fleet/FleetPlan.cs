using Nstance.Temporal.Simulation.Nstance;

namespace Nstance.Temporal.Simulation.Fleet;

/// <summary>Who the fleet is made of at the start, by seed.</summary>
internal static class FleetPlan
{
    private static readonly string[] Tenants = ["acme", "globex-eu", "default"];
    private static readonly string[] Groups = ["web", "api", "workers"];
    private static readonly string[] Kinds = ["knc", "knd", "nat"];

    // In a fleet too small for shares each fate comes once, in this order, as far as there is room.
    private static readonly (Fate Fate, double Share)[] Shares =
    [
        (Fate.Dangling, 0.04), (Fate.Unhealthy, 0.03), (Fate.Orphan, 0.02), (Fate.Expired, 0.04), (Fate.Vanished, 0.02),
        (Fate.Protected, 0.01), (Fate.Silent, 0.01), (Fate.LostAnswer, 0.01), (Fate.StalePreInsert, 0.01),
        (Fate.Untagged, 0.01), (Fate.Foreign, 0.015),
    ];

    /// <summary>Fates of <paramref name="instances"/> members; at least half are healthy.</summary>
    public static IReadOnlyList<Fate> Fates(int instances)
    {
        var fates = new List<Fate>(instances);
        foreach (var (fate, share) in Shares)
        {
            var count = Math.Max(1, (int)(instances * share));
            for (var n = 0; n < count && fates.Count < instances / 2; n++) fates.Add(fate);
        }

        while (fates.Count < instances) fates.Add(Fate.Healthy);
        return fates;
    }

    /// <summary>A member of a fate, issued at a time.</summary>
    public static Member Make(
        Random random, Fate fate, DateTimeOffset issuedAt, NstanceGeneration generation = NstanceGeneration.V2)
    {
        var kind = Kinds[random.Next(Kinds.Length)];
        var tenant = random.Next(Tenants.Length);
        // v1 counts a group's members whatever their tenant: no two tenants may use one group name.
        var group = generation is NstanceGeneration.V1 ? tenant : random.Next(Groups.Length);
        return new(MemberId.New(random, kind, issuedAt), Tenants[tenant], Groups[group], fate, issuedAt);
    }

    /// <summary>Fates of members that are born while the demo runs; mostly good ones.</summary>
    public static Fate Newborn(Random random) => random.Next(10) switch
    {
        < 4 => Fate.Healthy,
        < 6 => Fate.Late,
        < 8 => Fate.Dangling,
        8 => Fate.Orphan,
        _ => Fate.LostAnswer,
    };
}
