using Temporalio.Api.Schedule.V1;

namespace Nstance.Temporal.TestServer.Schedules;

/// <summary>
/// A calendar spec as sets of numbers. Works on wall-clock times only.
/// Zones and their changes are <see cref="ZonedCalendar"/>'s.
/// </summary>
internal sealed class CalendarFields
{
    public const int MinYear = 2000;
    public const int MaxYear = 2100;

    private readonly HashSet<int>? _years;
    private readonly ulong _months;
    private readonly ulong _daysOfMonth;
    private readonly ulong _daysOfWeek;
    private readonly ulong _hours;
    private readonly ulong _minutes;
    private readonly ulong _seconds;

    public CalendarFields(StructuredCalendarSpec spec)
    {
        // An empty field is the wire's way to say the default: 0 for the time of day, all for the date.
        _years = spec.Year.Count == 0 ? null : [.. spec.Year.SelectMany(Values)];
        _months = Bits(spec.Month, whenEmpty: ulong.MaxValue);
        _daysOfMonth = Bits(spec.DayOfMonth, whenEmpty: ulong.MaxValue);
        var days = Bits(spec.DayOfWeek, whenEmpty: ulong.MaxValue);
        // 7 is Sunday too.
        _daysOfWeek = days | (days >> 7);
        _hours = Bits(spec.Hour, whenEmpty: 1);
        _minutes = Bits(spec.Minute, whenEmpty: 1);
        _seconds = Bits(spec.Second, whenEmpty: 1);
    }

    public bool Matches(DateTime wall) =>
        MatchesDate(wall) && Has(_hours, wall.Hour) && Has(_minutes, wall.Minute) && Has(_seconds, wall.Second);

    /// <summary>
    /// Returns the first matching second after <paramref name="after"/>; null if none matches before 2100.
    /// </summary>
    public DateTime? Next(DateTime after)
    {
        var wall = new DateTime(after.Ticks - (after.Ticks % TimeSpan.TicksPerSecond)).AddSeconds(1);
        if (wall.Year < MinYear)
        {
            wall = new DateTime(MinYear, 1, 1);
        }

        while (wall.Year <= MaxYear)
        {
            if (_years?.Contains(wall.Year) == false)
            {
                wall = new DateTime(wall.Year + 1, 1, 1);
            }
            else if (!Has(_months, wall.Month))
            {
                wall = new DateTime(wall.Year, wall.Month, 1).AddMonths(1);
            }
            else if (!MatchesDate(wall))
            {
                wall = wall.Date.AddDays(1);
            }
            else if (!Has(_hours, wall.Hour))
            {
                wall = wall.Date.AddHours(wall.Hour + 1);
            }
            else if (!Has(_minutes, wall.Minute))
            {
                wall = wall.Date.AddHours(wall.Hour).AddMinutes(wall.Minute + 1);
            }
            else if (!Has(_seconds, wall.Second))
            {
                wall = wall.AddSeconds(1);
            }
            else
            {
                return wall;
            }
        }

        return null;
    }

    private bool MatchesDate(DateTime wall) =>
        _years?.Contains(wall.Year) != false && Has(_months, wall.Month) && Has(_daysOfMonth, wall.Day)
        && Has(_daysOfWeek, (int)wall.DayOfWeek);

    private static bool Has(ulong bits, int value) => (bits & (1UL << value)) != 0;

    private static ulong Bits(IEnumerable<Temporalio.Api.Schedule.V1.Range> ranges, ulong whenEmpty)
    {
        var bits = 0UL;
        var any = false;
        foreach (var value in ranges.SelectMany(Values))
        {
            bits |= 1UL << value;
            any = true;
        }

        return any ? bits : whenEmpty;
    }

    private static IEnumerable<int> Values(Temporalio.Api.Schedule.V1.Range range)
    {
        for (var value = range.Start; value <= Math.Max(range.Start, range.End); value += Math.Max(range.Step, 1))
        {
            yield return value;
        }
    }
}
