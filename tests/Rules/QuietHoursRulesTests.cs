using Nstance.Temporal.Activities.Rules;
using static Nstance.Temporal.Tests.Rules.RuleWorld;

namespace Nstance.Temporal.Tests.Rules;

/// <summary>The cycle's time is Monday, 18:40 UTC; in Berlin it is 19:40, in Auckland Tuesday, 07:40.</summary>
public sealed class QuietHoursRulesTests
{
    [Theory]
    [InlineData("", "18:40", "18:41", "UTC")]
    [InlineData("", "18:00", "19:00", "UTC")]
    [InlineData("Mon", "18:40", "18:41", "UTC")]
    [InlineData("Sat,Mon", "18:00", "19:00", "UTC")]
    [InlineData("Mon", "18:40", "06:00", "UTC")]
    [InlineData("Sun", "22:00", "18:41", "UTC")]
    [InlineData("", "18:40", "18:40", "UTC")]
    [InlineData("Mon", "00:00", "00:00", "UTC")]
    [InlineData("Mon", "19:30", "20:00", "Europe/Berlin")]
    [InlineData("Tue", "07:00", "08:00", "Pacific/Auckland")]
    public void Now_Within_SaysWhich(string days, string from, string to, string zone)
    {
        var text = days.Length == 0 ? $"{from}-{to} {zone}" : $"{days} {from}-{to} {zone}";
        Assert.Equal($"quiet hours {text}: nothing is collected", Now(days, from, to, zone));
    }

    [Theory]
    [InlineData("", "18:00", "18:40", "UTC")]
    [InlineData("", "18:41", "19:00", "UTC")]
    [InlineData("Tue", "18:00", "19:00", "UTC")]
    [InlineData("Sun,Sat", "18:00", "19:00", "UTC")]
    [InlineData("Tue", "18:40", "06:00", "UTC")]
    [InlineData("Mon", "22:00", "18:41", "UTC")]
    [InlineData("Sun", "22:00", "18:40", "UTC")]
    [InlineData("", "18:41", "18:40", "UTC")]
    [InlineData("Tue", "00:00", "00:00", "UTC")]
    [InlineData("Mon", "18:30", "19:00", "Europe/Berlin")]
    [InlineData("Mon", "07:00", "08:00", "Pacific/Auckland")]
    public void Now_Outside_IsNull(string days, string from, string to, string zone) =>
        Assert.Null(Now(days, from, to, zone));

    [Theory]
    [InlineData("00:00", "00:01", "Nowhere/Land")]
    [InlineData("25:00", "00:01", "UTC")]
    [InlineData("00:00", "one", "UTC")]
    [InlineData("0:00", "00:01", "UTC")]
    public void Now_Invalid_HoldsAlways(string from, string to, string zone) => Assert.Equal(
        $"quiet hours {from}-{to} {zone} are invalid on this host: nothing is collected. "
        + "Install the time zones (tzdata), or correct --quiet-hours",
        Now("", from, to, zone));

    [Theory]
    [InlineData("18:41", "19:00", true)]
    [InlineData("18:30", "18:41", true)]
    [InlineData("18:41", "18:45", false)]
    [InlineData("18:46", "19:00", false)]
    public void Now_PhaseBeganFiveMinutesLater_HoldsAtBothTimes(string from, string to, bool holds)
    {
        var input = Input with { QuietHours = [new(from, to)], StartedAt = At(5) };
        Assert.Equal(holds, QuietHoursRules.Now(input) is not null);
    }

    [Fact]
    public void Now_Several_SaysTheFirstThatHolds()
    {
        var input = Input with { QuietHours = [new("01:00", "02:00"), new("18:30", "19:00"), new("18:00", "20:00")] };
        Assert.Equal("quiet hours 18:30-19:00 UTC: nothing is collected", QuietHoursRules.Now(input));
    }

    [Fact]
    public void Now_None_IsNull() => Assert.Null(QuietHoursRules.Now(Input));

    [Fact]
    public void Now_WithoutDays_HoldsEveryDay() => Assert.NotNull(
        QuietHoursRules.Now(Input with { QuietHours = [new("18:00", "19:00") { Days = null! }] }));

    private static string? Now(string days, string from, string to, string zone)
    {
        var hours = new QuietHours(from, to)
        {
            Days = days.Split(',', StringSplitOptions.RemoveEmptyEntries),
            TimeZone = zone,
        };
        return QuietHoursRules.Now(Input with { QuietHours = [hours] });
    }
}
