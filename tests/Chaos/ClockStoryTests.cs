using Nstance.Temporal.Simulation.Chaos;
using Nstance.Temporal.Simulation.Fleet;

namespace Nstance.Temporal.Tests.Chaos;

/// <summary>Stories, told by hand, of a Temporal server whose clock is wrong. Few seeds meet with them.</summary>
public sealed class ClockStoryTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(20);

    /// <summary>Both agents look late. Two are too few for the guard against half of the agents going quiet.</summary>
    [Theory]
    [InlineData(40)]
    [InlineData(240)]
    public Task Play_TemporalsClockIsAheadOfTwoAgents_HandsNeitherOn(int minutes) => AssertHoldsAsync(
        shared: true, Launch(0), Launch(1), Skew(at: 120, lasts: 90, by: minutes));

    /// <summary>The grace period begins in the future, seen from the corrected clock.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public Task Play_NewHostWhileTemporalsClockIsAhead_CollectsSoonAfterItIsRight(bool shared) => AssertHoldsAsync(
        shared,
        [
            .. Enumerable.Range(0, 6).Select(Launch),
            Skew(at: 120, lasts: 60, by: 300),
            new(TimeSpan.FromMinutes(150), shared ? ChaosEvent.Elect : ChaosEvent.DamageDatabase),
            new(TimeSpan.FromMinutes(200), ChaosEvent.Launch) { Member = 7, Scenario = Scenario.NeverRegisters },
            new(TimeSpan.FromMinutes(250), ChaosEvent.SilenceAgent) { Member = 3 },
        ]);

    [Theory]
    [InlineData(-5)]
    [InlineData(-300)]
    [InlineData(1)]
    [InlineData(9)]
    [InlineData(30)]
    public Task Play_MachinesBootWhileTemporalsClockIsWrong_NoneIsTerminated(int minutes) =>
        AssertHoldsAsync(shared: true, Booting(minutes));

    /// <summary>A collector that knows no other clock than Temporal's.</summary>
    [Fact]
    public async Task Play_MachinesBootAndOnlyTemporalsClockCounts_OneIsTerminated()
    {
        InjectedBug bug = new() { Clock = world => world.TemporalClock, CloudClock = world => world.TemporalClock };

        // With a shared file such a collector finds no leader alive.
        var violation = await PlayAsync(shared: false, bug, Booting(minutes: 9));

        Assert.Equal("I1", violation?.Invariant);
    }

    /// <summary>Two minutes before each cycle a machine is launched, and registers one minute after it.</summary>
    private static StoryEvent[] Booting(int minutes) =>
    [
        Skew(at: 60, lasts: 300, by: minutes),
        .. Enumerable.Range(0, 14).Select(n => Launch(n) with
        {
            At = (n * Interval) + TimeSpan.FromMinutes(18), For = TimeSpan.FromMinutes(3),
        }),
    ];

    private static async Task AssertHoldsAsync(bool shared, params StoryEvent[] events) =>
        Assert.Null(await PlayAsync(shared, new(), events));

    private static async Task<Violation?> PlayAsync(bool shared, InjectedBug bug, StoryEvent[] events)
    {
        var timings = new ShardTimings { Interval = Interval, RegistrationTimeout = TimeSpan.FromMinutes(10) };
        var setup = new StorySetup(1, shared, TimeSpan.FromHours(10), timings, TimeSpan.Zero, PageSize: 10);
        var story = Story.Of(setup, [.. events, new(TimeSpan.Zero, ChaosEvent.Enforce)]);
        return (await ChaosRun.PlayAsync(story, bug)).Violation;
    }

    private static StoryEvent Launch(int member) => new(TimeSpan.Zero, ChaosEvent.Launch)
    {
        Member = member,
        Scenario = Scenario.Registers,
        For = TimeSpan.FromMinutes(2),
    };

    private static StoryEvent Skew(int at, int lasts, int by) =>
        new(TimeSpan.FromMinutes(at), ChaosEvent.TemporalSkew)
        {
            For = TimeSpan.FromMinutes(lasts),
            By = TimeSpan.FromMinutes(by),
        };
}
