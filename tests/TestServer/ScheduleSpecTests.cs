using CsCheck;
using Google.Protobuf.WellKnownTypes;
using Nstance.Temporal.TestServer.Schedules;
using Nstance.Temporal.TestServer.Values;
using Temporalio.Api.Schedule.V1;
using Span = Temporalio.Api.Schedule.V1.Range;

namespace Nstance.Temporal.Tests.TestServer;

public sealed class ScheduleSpecTests
{
    [Theory]
    [InlineData("30 9 * * *", "2026-03-01T09:30:00Z", "2026-03-02T09:30:00Z")]
    [InlineData("@daily", "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z")]
    [InlineData("@hourly", "2026-03-01T23:59:59Z", "2026-03-02T00:00:00Z")]
    [InlineData("@weekly", "2026-03-02T00:00:00Z", "2026-03-08T00:00:00Z")]
    [InlineData("@monthly", "2026-01-31T12:00:00Z", "2026-02-01T00:00:00Z")]
    [InlineData("@yearly", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z")]
    [InlineData("0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z")]
    [InlineData("*/15 * * * *", "2026-03-01T00:44:00Z", "2026-03-01T00:45:00Z")]
    [InlineData("5/20 * * * *", "2026-03-01T00:26:00Z", "2026-03-01T00:45:00Z")]
    [InlineData("0 9-17/4 * * mon-fri", "2026-03-06T17:00:00Z", "2026-03-09T09:00:00Z")]
    [InlineData("0 0 * * 7", "2026-03-02T00:00:00Z", "2026-03-08T00:00:00Z")]
    [InlineData("0 0 1 JAN,jul *", "2026-01-02T00:00:00Z", "2026-07-01T00:00:00Z")]
    [InlineData("0 12 * * * 2027", "2026-01-01T00:00:00Z", "2027-01-01T12:00:00Z")]
    [InlineData("10,40 * * * * * *", "2026-01-01T00:00:10Z", "2026-01-01T00:00:40Z")]
    [InlineData("0 12 * * * # lunch", "2026-01-01T00:00:00Z", "2026-01-01T12:00:00Z")]
    [InlineData("@every 2h", "2026-01-01T00:00:00Z", "2026-01-01T02:00:00Z")]
    [InlineData("@every 2h/30m", "2026-01-01T00:00:00Z", "2026-01-01T00:30:00Z")]
    [InlineData("CRON_TZ=America/New_York 0 9 * * *", "2026-01-01T00:00:00Z", "2026-01-01T14:00:00Z")]
    [InlineData("TZ=Asia/Kolkata 0 0 * * *", "2026-01-01T00:00:00Z", "2026-01-01T18:30:00Z")]
    public void Next_Cron_IsTheFirstTimeAfter(string cron, string after, string expected) =>
        Assert.Equal(Time(expected), new CompiledSpec(new() { CronString = { cron } }).Next("s", Time(after))?.Nominal);

    [Fact]
    public void Next_ClocksGoForward_SkipsTheTimeThatNeverComes() => Assert.Equal(
        [Time("2026-03-07T07:30:00Z"), Time("2026-03-09T06:30:00Z")],
        Times("CRON_TZ=America/New_York 30 2 * * *", "2026-03-07T00:00:00Z", 2));

    [Fact]
    public void Next_ClocksGoBack_ComesTwice() => Assert.Equal(
        [Time("2026-11-01T05:30:00Z"), Time("2026-11-01T06:30:00Z"), Time("2026-11-02T06:30:00Z")],
        Times("CRON_TZ=America/New_York 30 1 * * *", "2026-11-01T00:00:00Z", 3));

    [Theory]
    [InlineData("America/New_York")]
    [InlineData("Australia/Lord_Howe")]
    [InlineData("Europe/Berlin")]
    public void Next_AnyZone_FindsWhatSearchingEverySecondFinds(string name)
    {
        var zone = TimeZoneInfo.FindSystemTimeZoneById(name);
        var start = Time("2026-01-01T00:00:00Z");
        Gen.Select(Gen.Int[0, 364 * 24 * 60], Gen.Int[0, 23], Gen.Int[0, 59]).Sample(
            (minutes, hour, minute) =>
            {
                var after = start.AddMinutes(minutes);
                var fields = new CalendarFields(new()
                {
                    Hour = { new Span { Start = hour } },
                    Minute = { new Span { Start = minute } },
                });
                var calendar = new ZonedCalendar(fields, zone);
                var slow = after.AddMinutes(1);
                while (!calendar.Matches(slow))
                {
                    slow = slow.AddMinutes(1);
                }

                return calendar.Next(after) == slow;
            },
            iter: 300);
    }

    [Fact]
    public void Next_IntervalWithPhase_StandsOnTheEpochGrid()
    {
        var spec = new CompiledSpec(new()
        {
            Interval =
            {
                new IntervalSpec
                {
                    Interval = TimeSpan.FromDays(7).ToDuration(),
                    Phase = TimeSpan.FromHours(5).ToDuration(),
                },
            },
        });
        var next = spec.Next("s", Time("2026-01-01T00:00:00Z"))!.Nominal;
        Assert.Equal(TimeSpan.FromHours(5).TotalSeconds, next.ToUnixTimeSeconds() % TimeSpan.FromDays(7).TotalSeconds);
        Assert.Equal(next.AddDays(7), spec.Next("s", next)!.Nominal);
    }

    [Fact]
    public void Next_StartAndEnd_AreInclusive()
    {
        var spec = new CompiledSpec(new()
        {
            CronString = { "@hourly" },
            StartTime = Time("2026-01-02T00:00:00Z").ToTimestamp(),
            EndTime = Time("2026-01-02T01:00:00Z").ToTimestamp(),
        });
        Assert.Equal(
            [Time("2026-01-02T00:00:00Z"), Time("2026-01-02T01:00:00Z")],
            spec.Between("s", Time("2026-01-01T00:00:00Z"), Time("2027-01-01T00:00:00Z"), 10).Select(t => t.Nominal));
    }

    [Fact]
    public void Next_ExcludedCalendar_IsLeftOut()
    {
        var spec = new CompiledSpec(new()
        {
            CronString = { "0 12 * * *" },
            ExcludeStructuredCalendar =
            {
                new StructuredCalendarSpec
                {
                    DayOfWeek = { new Span { Start = 6 }, new Span { Start = 0 } },
                    Hour = { new Span { Start = 0, End = 23 } },
                },
            },
        });
        Assert.Equal(Time("2026-03-09T12:00:00Z"), spec.Next("s", Time("2026-03-06T12:00:00Z"))?.Nominal);
    }

    [Fact]
    public void Next_Jitter_IsRepeatableWithinBoundsAndKeepsTheOrder()
    {
        var spec = new CompiledSpec(new()
        {
            CronString = { "* * * * *" },
            Jitter = TimeSpan.FromHours(1).ToDuration(),
        });
        var times = spec.Between("s", Time("2026-01-01T00:00:00Z"), Time("2026-01-02T00:00:00Z"), 100).ToList();
        Assert.Equal(times, spec.Between("s", Time("2026-01-01T00:00:00Z"), Time("2026-01-02T00:00:00Z"), 100));
        Assert.All(times, t => Assert.InRange(t.Actual - t.Nominal, TimeSpan.Zero, TimeSpan.FromSeconds(59.999)));
        Assert.NotEqual(times, spec.Between("other", Time("2026-01-01T00:00:00Z"), Time("2026-01-02T00:00:00Z"), 100));
        Assert.True(times.Select(t => t.Actual - t.Nominal).Distinct().Count() > 50);
    }

    [Theory]
    [InlineData("* * * *", "CronString does not have 5-7 fields")]
    [InlineData("61 * * * *", "Minute is not in range [0-59]")]
    [InlineData("5-1 * * * *", "Minute End is before Start or not in range [0-59]")]
    [InlineData("*/0 * * * *", "Minute has invalid Step")]
    [InlineData("* * * * funday", "DayOfWeek is not in range [0-7]")]
    [InlineData("@every soon", "malformed cron string '@every soon'")]
    [InlineData("@every 10ms", "interval is too small")]
    [InlineData("@every 1h/2h", "phase cannot be greater than Interval")]
    [InlineData("CRON_TZ=Mars/Base 0 0 * * *", "unknown time zone Mars/Base")]
    public void Compile_FaultyCron_NamesTheFault(string cron, string fault) => Assert.Contains(
        fault,
        Assert.Throws<InvalidInputException>(() => new CompiledSpec(new() { CronString = { cron } })).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Compile_TwoZones_IsRefused() => Assert.Throws<InvalidInputException>(() => new CompiledSpec(
        new() { CronString = { "CRON_TZ=Asia/Tokyo 0 0 * * *" }, TimezoneName = "Europe/Berlin" }));

    [Fact]
    public void Next_NothingInTheSpec_IsNever() =>
        Assert.Null(new CompiledSpec(new()).Next("s", Time("2026-01-01T00:00:00Z")));

    private static IEnumerable<DateTimeOffset> Times(string cron, string after, int count) =>
        new CompiledSpec(new() { CronString = { cron } })
            .Between("s", Time(after), Time("2099-01-01T00:00:00Z"), count).Select(t => t.Nominal);

    private static DateTimeOffset Time(string text) =>
        TimeText.TryParse(text, out var time) ? time : throw new FormatException(text);
}
