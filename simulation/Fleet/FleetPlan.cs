using Nstance.Temporal.Simulation.Nstance;

namespace Nstance.Temporal.Simulation.Fleet;

/// <summary>What the demo's fleet is made of, by seed.</summary>
internal static class FleetPlan
{
    private static readonly string[] Tenants = ["acme", "globex-eu", "default"];
    private static readonly string[] Groups = ["web", "api", "workers"];
    private static readonly string[] Kinds = ["knc", "knd", "nat"];

    // In a fleet too small for shares each scenario comes once, in this order, as far as there is room.
    private static readonly (Scenario Scenario, double Share)[] Shares =
    [
        (Scenario.NeverRegisters, 0.04), (Scenario.Stopped, 0.03), (Scenario.Orphan, 0.02), (Scenario.Expired, 0.04),
        (Scenario.TerminatedElsewhere, 0.02), (Scenario.Protected, 0.01), (Scenario.FallsSilent, 0.01),
        (Scenario.LostAnswer, 0.01), (Scenario.PreInsertOnly, 0.01), (Scenario.Untagged, 0.01),
        (Scenario.Foreign, 0.015),
    ];

    /// <summary>Returns scenarios of <paramref name="instances"/> members; at least half are healthy.</summary>
    public static IReadOnlyList<Scenario> Scenarios(int instances)
    {
        var leaks = Shares.SelectMany(s => Enumerable.Repeat(s.Scenario, Math.Max(1, (int)(instances * s.Share))));
        var scenarios = leaks.Take(instances / 2).ToList();
        scenarios.AddRange(Enumerable.Repeat(Scenario.Registers, instances - scenarios.Count));
        return scenarios;
    }

    /// <summary>Makes a member of a scenario, issued at a time.</summary>
    public static Member Make(
        Random random, int number, Scenario scenario, DateTimeOffset issuedAt,
        NstanceGeneration generation = NstanceGeneration.V2)
    {
        var kind = Kinds[random.Next(Kinds.Length)];
        var tenant = random.Next(Tenants.Length);
        // v1 counts a group's members whatever their tenant: no two tenants may use one group name.
        var group = generation is NstanceGeneration.V1 ? tenant : random.Next(Groups.Length);
        return new(number, MemberId.New(random, kind, issuedAt), Tenants[tenant], Groups[group], scenario, issuedAt);
    }

    /// <summary>Draws the scenario of a member that is launched while the demo runs; mostly a good one.</summary>
    public static Scenario Draw(Random random) => random.Next(10) switch
    {
        < 4 => Scenario.Registers,
        < 6 => Scenario.RegistersLate,
        < 8 => Scenario.NeverRegisters,
        8 => Scenario.Orphan,
        _ => Scenario.LostAnswer,
    };
}
