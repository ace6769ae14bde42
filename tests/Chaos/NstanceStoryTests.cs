using Nstance.Temporal.Simulation.Chaos;
using Nstance.Temporal.Simulation.Fleet;
using Nstance.Temporal.Simulation.Nstance;

namespace Nstance.Temporal.Tests.Chaos;

/// <summary>
/// Stories of issue 20: a collector beside nstance's server, on its file. Until <see cref="ChaosEvent.Enforce"/> the
/// collector runs dry; in the quiet end of a story it enforces, and what leaks then is a violation (I2).
/// </summary>
public sealed class NstanceStoryTests
{
    private static readonly TimeSpan Late = TimeSpan.FromHours(3);

    private static readonly Scenario[] Garbage =
    [
        Scenario.Registers, Scenario.NeverRegisters, Scenario.LostAnswer, Scenario.LostAnswerRegisters,
        Scenario.PreInsertOnly, Scenario.Orphan, Scenario.Untagged, Scenario.Foreign, Scenario.DuplicateId,
    ];

    [Theory]
    [InlineData("V1")]
    [InlineData("V2")]
    public Task Play_DryRunFindsOrphansOfAGroup_NstanceTerminatesNoMember(string generation) => AssertHoldsAsync(
        generation,
        Launch(0, Scenario.Registers), Launch(3, Scenario.Registers), Launch(6, Scenario.Orphan),
        Launch(9, Scenario.Untagged),
        At(1, ChaosEvent.ProtectByTag, 6),
        At(Late, ChaosEvent.NstanceCollects, 0), At(Late, ChaosEvent.NstanceScales, 0));

    [Theory]
    [InlineData("V1")]
    [InlineData("V2")]
    public Task Play_DryRunFindsAStoppedProtectedMachine_NstanceDoesNotHearOfIt(string generation) => AssertHoldsAsync(
        generation,
        Launch(0, Scenario.Registers), Launch(1, Scenario.Registers),
        At(30, ChaosEvent.ProtectByTag, 1), At(31, ChaosEvent.StopMachine, 1),
        At(Late, ChaosEvent.NstanceCollects, 0), At(Late, ChaosEvent.NstanceScales, 0));

    [Theory]
    [InlineData("V1")]
    [InlineData("V2")]
    public Task Play_APlanOfStoppedMachinesWaits_NstanceDoesNotHearOfThem(string generation) => AssertHoldsAsync(
        generation,
        [
            At(0, ChaosEvent.Enforce, 0),
            .. Enumerable.Range(0, 20).Select(n => Launch(n, Scenario.Registers)),
            .. Enumerable.Range(12, 8).Select(n => At(60, ChaosEvent.StopMachine, n)),
            At(Late, ChaosEvent.NstanceCollects, 0), At(Late, ChaosEvent.NstanceScales, 0),
        ]);

    [Theory]
    [InlineData("V1")]
    [InlineData("V2")]
    public Task Play_EnforcedWithEveryKindOfGarbage_IsCollectedAndNstanceTerminatesNothing(string generation) =>
        AssertHoldsAsync(
            generation,
            [
                At(0, ChaosEvent.Enforce, 0),
                .. Garbage.Select((scenario, n) => Launch(n, scenario)),
                .. Enumerable.Range(20, 6).Select(n => Launch(n, Scenario.Registers)),
                At(60, ChaosEvent.StopMachine, 20), At(60, ChaosEvent.TerminateElsewhere, 21),
                At(60, ChaosEvent.Retire, 22), At(60, ChaosEvent.SilenceAgent, 23),
                .. Enumerable.Range(1, 12).SelectMany(hour => (StoryEvent[])
                    [At(hour * 30, ChaosEvent.NstanceCollects, 24), At(hour * 30, ChaosEvent.NstanceScales, 0)]),
            ]);

    [Theory]
    [InlineData("V1")]
    [InlineData("V2")]
    public Task Play_NstanceTerminatesByItsOwnRows_IsNoFaultOfTheCollector(string generation) => AssertHoldsAsync(
        generation,
        [
            At(0, ChaosEvent.Enforce, 0),
            .. Enumerable.Range(0, 9).Select(n => Launch(n, Scenario.Registers)),
            At(60, ChaosEvent.StopMachine, 1), At(61, ChaosEvent.NstanceCollects, 1),
            At(90, ChaosEvent.NstanceScales, 0) with { After = true },
            At(Late, ChaosEvent.NstanceScales, 0),
        ]);

    private static async Task AssertHoldsAsync(string generation, params StoryEvent[] events)
    {
        var timings = new ShardTimings
        {
            Interval = TimeSpan.FromMinutes(30),
            RegistrationTimeout = TimeSpan.FromMinutes(10),
        };
        var setup = new StorySetup(1, Shared: true, TimeSpan.FromHours(7), timings, TimeSpan.Zero, PageSize: 10)
        {
            Limits = new(),
            Generation = Enum.Parse<NstanceGeneration>(generation),
        };
        Assert.Null((await ChaosRun.PlayAsync(Story.Of(setup, events))).Violation);
    }

    private static StoryEvent Launch(int member, Scenario scenario) =>
        At(0, ChaosEvent.Launch, member) with { Scenario = scenario, For = TimeSpan.FromMinutes(2) };

    private static StoryEvent At(int minutes, ChaosEvent kind, int member) =>
        At(TimeSpan.FromMinutes(minutes), kind, member);

    private static StoryEvent At(TimeSpan at, ChaosEvent kind, int member) => new(at, kind) { Member = member };
}
