namespace Nstance.Temporal.Tests.Flows;

public sealed class GcSettingsRulesTests
{
    [Fact]
    public void Faults_Defaults_AreNone() => Assert.Empty(GcSettingsRules.Faults(new()));

    [Theory]
    [InlineData(0)]
    [InlineData(-5)]
    public void Faults_IntervalThatWouldEndCollection_IsOne(int seconds) => Assert.StartsWith(
        "Interval is ",
        Assert.Single(GcSettingsRules.Faults(new() { Interval = TimeSpan.FromSeconds(seconds) })),
        StringComparison.Ordinal);

    [Fact]
    public void Faults_SeveralWrong_NamesEachWithItsValue()
    {
        var faults = GcSettingsRules.Faults(new()
        {
            RegistrationTimeout = TimeSpan.Zero,
            CyclesPerRun = 0,
            HostTimeout = TimeSpan.FromHours(1),
            Limits = new() { GroupPercent = 101 },
        });
        Assert.Equal(
            [
                "RegistrationTimeout is 00:00:00; allowed is 00:00:01 to 365.00:00:00.",
                "HostTimeout is 01:00:00; allowed is 00:00:01 to 00:10:00.",
                "CyclesPerRun is 0; allowed is 1 to 1000.",
                "Limits.GroupPercent is 101; allowed is 0 to 100.",
            ],
            faults);
    }

    [Fact]
    public void Defaults_OfTheContract_Stand()
    {
        var timings = new ShardTimings();
        Assert.Equal(TimeSpan.FromMinutes(2), timings.Interval);
        Assert.Equal(TimeSpan.FromMinutes(5), timings.RegistrationTimeout);
        Assert.Equal(TimeSpan.FromMinutes(30), timings.DeletedRecordRetention);
        Assert.Equal(TimeSpan.FromSeconds(60), timings.HealthCheckInterval);
        var settings = new GcSettings();
        Assert.Equal(TimeSpan.FromMinutes(10), settings.CycleTimeout);
        Assert.Equal(TimeSpan.FromSeconds(45), settings.HostTimeout);
        Assert.Equal(100, settings.CyclesPerRun);
        var limits = settings.Limits;
        Assert.Equal((2, 20, 5, 10), (limits.GroupFloor, limits.GroupPercent, limits.ShardFloor, limits.ShardPercent));
    }
}
