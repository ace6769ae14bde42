using Nstance.Temporal.Workflows.Collector;

namespace Nstance.Temporal.Tests.Flows;

public sealed class CadenceTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 24, 0, 0, 0, TimeSpan.Zero);
    private static readonly ShardTimings TwoMinutes = new();

    [Fact]
    public void Next_ThreeHundredShardsStartedTogether_FirstCyclesAreSpreadOverOneInterval()
    {
        var tenths = Enumerable.Range(0, 300)
            .Select(i => Next(new(), Start, new("acme", $"us-west-2-{i}", "bucket")) - Start)
            .GroupBy(delay => (int)(delay / TwoMinutes.Interval * 10)).ToDictionary(g => g.Key, g => g.Count());

        Assert.Equal(Enumerable.Range(0, 10), tenths.Keys.Order());
        Assert.All(tenths.Values, count => Assert.InRange(count, 15, 50));
    }

    [Fact]
    public void Next_BeforeTheFirstCycle_StaysWhenItIsAskedAgain()
    {
        var first = Next(new(), Start);

        Assert.Equal(first, Next(new() { NextCycleAt = first }, Start.AddSeconds(1)));
    }

    [Fact]
    public void Next_IntervalShortenedBeforeTheFirstCycle_IsWithinTheNewOne() =>
        Assert.Equal(Start.AddMinutes(2), Next(new() { NextCycleAt = Start.AddDays(1) }, Start));

    [Fact]
    public void Next_FirstCycleOfALongInterval_DoesNotKeepAPersonWaiting() => Assert.InRange(
        Next(new(), Start, interval: TimeSpan.FromDays(1)), Start, Start.AddMinutes(2));

    [Fact]
    public void Next_AfterACycle_IsOneIntervalAfterItsStart() =>
        Assert.Equal(Start.AddMinutes(2), Next(new() { LastCycleAt = Start }, Start.AddSeconds(90)));

    [Fact]
    public void Next_LastStartLiesAhead_IsNow() =>
        Assert.Equal(Start, Next(new() { LastCycleAt = Start.AddYears(10) }, Start));

    [Fact]
    public void Anchor_MillisecondsLateForAYear_DoesNotDrift()
    {
        var due = Start;
        for (var cycle = 0; cycle < 262_800; cycle++)
        {
            var start = due.AddMilliseconds(7);
            due = Next(new() { LastCycleAt = Cadence.Anchor(due, start, TwoMinutes) }, start);
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

    [Fact]
    public void Timings_OperatorAndBucketDisagree_OperatorWins()
    {
        var settings = new GcSettings { Interval = TimeSpan.FromSeconds(10) };
        var timings = Cadence.Timings(settings, TwoMinutes with { RegistrationTimeout = TimeSpan.FromHours(1) });
        Assert.Equal(TimeSpan.FromSeconds(10), timings.Interval);
        Assert.Equal(TimeSpan.FromHours(1), timings.RegistrationTimeout);
    }

    private static DateTimeOffset Next(
        GcState state, DateTimeOffset now, ShardRef? shard = null, TimeSpan? interval = null) =>
        Cadence.Next(
            state, shard ?? new("acme", "us-west-2a", "bucket"),
            TwoMinutes with { Interval = interval ?? TwoMinutes.Interval }, now);
}
