using Nstance.Temporal.Workflows.Collector;

namespace Nstance.Temporal.Tests.Flows;

public sealed class CadenceTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 24, 0, 0, 0, TimeSpan.Zero);
    private static readonly ShardTimings TwoMinutes = new();

    [Fact]
    public void Next_BeforeTheFirstCycle_IsNow() => Assert.Equal(Start, Cadence.Next(null, TwoMinutes, Start));

    [Fact]
    public void Next_AfterACycle_IsOneIntervalAfterItsStart() =>
        Assert.Equal(Start.AddMinutes(2), Cadence.Next(Start, TwoMinutes, Start.AddSeconds(90)));

    [Fact]
    public void Anchor_MillisecondsLateForAYear_DoesNotDrift()
    {
        var due = Start;
        for (var cycle = 0; cycle < 262_800; cycle++)
        {
            due = Cadence.Next(Cadence.Anchor(due, due.AddMilliseconds(7), TwoMinutes), TwoMinutes, due);
        }

        Assert.Equal(Start.AddDays(365), due);
    }

    [Fact]
    public void Anchor_ReallyLate_CountsFromNow()
    {
        var late = Start.AddSeconds(50);
        Assert.Equal(late, Cadence.Anchor(Start, late, TwoMinutes));
    }

    [Fact]
    public void Anchor_RunByHandBeforeItWasDue_CountsFromNow() =>
        Assert.Equal(Start, Cadence.Anchor(Start.AddMinutes(1), Start, TwoMinutes));

    [Theory]
    [InlineData(0)]
    [InlineData(-5)]
    public void IsOff_ZeroOrLess_IsTrue(int seconds) =>
        Assert.True(Cadence.IsOff(TwoMinutes with { Interval = TimeSpan.FromSeconds(seconds) }));

    [Fact]
    public void Timings_OperatorAndBucketDisagree_OperatorWins()
    {
        var settings = new GcSettings { Interval = TimeSpan.FromSeconds(10) };
        var timings = Cadence.Timings(settings, TwoMinutes with { RegistrationTimeout = TimeSpan.FromHours(1) });
        Assert.Equal(TimeSpan.FromSeconds(10), timings.Interval);
        Assert.Equal(TimeSpan.FromHours(1), timings.RegistrationTimeout);
    }
}
