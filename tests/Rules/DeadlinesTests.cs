using Nstance.Temporal.Activities.Rules;
using static Nstance.Temporal.Tests.Rules.RuleWorld;

namespace Nstance.Temporal.Tests.Rules;

public sealed class DeadlinesTests
{
    [Fact]
    public void Deadline_Input_IsTheRegistrationTimeout() => Assert.Equal(At(-5), Deadlines.Deadline(Input));

    [Theory]
    [InlineData(5, 1, 1, -5)]
    [InlineData(1, 4, 1, -12)]
    [InlineData(1, 1, 7, -7)]
    public void SilentSince_Timings_IsTheLongestOfThreeWaits(int registration, int health, int settle, int expected)
    {
        var timings = new ShardTimings
        {
            RegistrationTimeout = TimeSpan.FromMinutes(registration),
            HealthCheckInterval = TimeSpan.FromMinutes(health),
            SettleTime = TimeSpan.FromMinutes(settle),
        };
        Assert.Equal(At(expected), Deadlines.SilentSince(Input with { Timings = timings }));
    }

    [Theory]
    [InlineData(-10, -10, false)]
    [InlineData(-1, -1, false)]
    [InlineData(-0.99, -10, true)]
    [InlineData(-10, -0.99, true)]
    public void IsYoung_IssuedOrCreatedWithinTheSettleTime_IsTrue(double issued, double created, bool expected) =>
        Assert.Equal(expected, Deadlines.IsYoung(Row with { IssuedAt = At(issued), CreatedAt = At(created) }, Input));

    [Theory]
    [InlineData(-4, "Skip: grace period until 2026-11-23 18:41:00Z: host two took over")]
    [InlineData(-5, "Skip: grace period until 2026-11-23 18:40:00Z: host two took over")]
    [InlineData(-5.01, GoOn)]
    public void Covers_GracePeriod_UntilTheDeadlineCountsFromItsStart(double since, string expected) =>
        Assert.Equal(expected, Text(Deadlines.Covers(WithGrace(At(since)), At(-5))));

    [Fact]
    public void Covers_NoGracePeriod_IsNull() => Assert.Null(Deadlines.Covers(Input, At(-5)));
}
