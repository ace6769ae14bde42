namespace Nstance.Temporal.Tests.Flows;

public sealed class GcSettingsRulesTests
{
    [Fact]
    public void Faults_Defaults_AreNone() => Assert.Empty(GcSettingsRules.Faults(new()));

    [Fact]
    public void Faults_IntervalOff_IsAllowed() => Assert.Empty(GcSettingsRules.Faults(new() { Interval = TimeSpan.Zero }));

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
        Assert.Equal(
            (TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30), TimeSpan.FromSeconds(60)),
            (timings.Interval, timings.RegistrationTimeout, timings.DeletedRecordRetention, timings.HealthCheckInterval));
        Assert.Equal((TimeSpan.FromMinutes(10), TimeSpan.FromSeconds(45), 100), (new GcSettings().CycleTimeout, new GcSettings().HostTimeout, new GcSettings().CyclesPerRun));
    }
}
