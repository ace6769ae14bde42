using Nstance.Temporal.Simulation.Chaos;
using Nstance.Temporal.Simulation.Nstance;

namespace Nstance.Temporal.Tests.Chaos;

/// <summary>
/// Stories of issue 20: a collector beside nstance's server, on its file. Until <see cref="Deed.Enforce"/> the collector
/// runs dry; in the quiet end of a story it enforces, and what leaks then is a violation (I2).
/// </summary>
public sealed class NstanceStoryTests
{
    private static readonly TimeSpan Late = TimeSpan.FromHours(3);

    [Theory]
    [InlineData("V1")]
    [InlineData("V2")]
    public Task Play_DryRunFindsOrphansOfAGroup_NstanceTerminatesNoMember(string generation) => AssertHoldsAsync(
        generation,
        Launch(0, Lot.Registers), Launch(3, Lot.Registers), Launch(6, Lot.Orphan), Launch(9, Lot.Untagged),
        At(1, Deed.TagProtect, 6), At(Late, Deed.NstanceCollects, 0), At(Late, Deed.NstanceScales, 0));

    [Theory]
    [InlineData("V1")]
    [InlineData("V2")]
    public Task Play_DryRunFindsAStoppedProtectedMachine_NstanceDoesNotHearOfIt(string generation) => AssertHoldsAsync(
        generation,
        Launch(0, Lot.Registers), Launch(1, Lot.Registers), At(30, Deed.TagProtect, 1), At(31, Deed.Stop, 1),
        At(Late, Deed.NstanceCollects, 0), At(Late, Deed.NstanceScales, 0));

    [Theory]
    [InlineData("V1")]
    [InlineData("V2")]
    public Task Play_APlanOfStoppedMachinesWaits_NstanceDoesNotHearOfThem(string generation) => AssertHoldsAsync(
        generation,
        [
            At(0, Deed.Enforce, 0),
            .. Enumerable.Range(0, 20).Select(n => Launch(n, Lot.Registers)),
            .. Enumerable.Range(12, 8).Select(n => At(60, Deed.Stop, n)),
            At(Late, Deed.NstanceCollects, 0), At(Late, Deed.NstanceScales, 0),
        ]);

    [Theory]
    [InlineData("V1")]
    [InlineData("V2")]
    public Task Play_EnforcedWithEveryKindOfGarbage_IsCollectedAndNstanceTerminatesNothing(string generation) =>
        AssertHoldsAsync(
            generation,
            [
                At(0, Deed.Enforce, 0),
                .. Enum.GetValues<Lot>().Select((lot, n) => Launch(n, lot)),
                .. Enumerable.Range(20, 6).Select(n => Launch(n, Lot.Registers)),
                At(60, Deed.Stop, 20), At(60, Deed.Vanish, 21), At(60, Deed.Retire, 22), At(60, Deed.Silence, 23),
                .. Enumerable.Range(1, 12).SelectMany(hour => (StoryEvent[])
                    [At(hour * 30, Deed.NstanceCollects, 24), At(hour * 30, Deed.NstanceScales, 0)]),
            ]);

    [Theory]
    [InlineData("V1")]
    [InlineData("V2")]
    public Task Play_NstanceTerminatesByItsOwnRows_IsNoFaultOfTheCollector(string generation) => AssertHoldsAsync(
        generation,
        [
            At(0, Deed.Enforce, 0),
            .. Enumerable.Range(0, 9).Select(n => Launch(n, Lot.Registers)),
            At(60, Deed.Stop, 1), At(61, Deed.NstanceCollects, 1),
            At(90, Deed.NstanceScales, 0) with { After = true },
            At(Late, Deed.NstanceScales, 0),
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
        var inOrder = events.Select((e, n) => e with { Number = n + 1 }).OrderBy(e => e.At).ThenBy(e => e.Number);
        var outcome = await ChaosRun.PlayAsync(new Story(setup, [.. inOrder]));
        Assert.Null(outcome.Violation);
    }

    private static StoryEvent Launch(int member, Lot lot) =>
        At(0, Deed.Launch, member) with { Lot = lot, For = TimeSpan.FromMinutes(2) };

    private static StoryEvent At(int minutes, Deed deed, int member) => At(TimeSpan.FromMinutes(minutes), deed, member);

    private static StoryEvent At(TimeSpan at, Deed deed, int member) => new(0, at, deed) { Member = member };
}
