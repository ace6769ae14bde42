using Google.Protobuf.Collections;
using Nstance.Temporal.TestServer.Values;
using Temporalio.Api.Schedule.V1;
using Span = Temporalio.Api.Schedule.V1.Range;

namespace Nstance.Temporal.TestServer.Schedules;

/// <summary>Checks a spec and turns everything that is written as text into calendars and intervals.</summary>
internal static class SpecCanonicalizer
{
    private const int MaxComment = 200;

    /// <exception cref="InvalidInputException">The message names the fault.</exception>
    public static ScheduleSpec Canonicalize(ScheduleSpec original)
    {
        var spec = original.Clone();
        spec.StructuredCalendar.Add(spec.Calendar.Select(CalendarText.Parse));
        spec.Calendar.Clear();
        spec.ExcludeStructuredCalendar.Add(TextExclusions(spec).Select(CalendarText.Parse));
        TextExclusions(spec).Clear();
        ReadCrons(spec);
        foreach (var calendar in spec.StructuredCalendar.Concat(spec.ExcludeStructuredCalendar))
        {
            Check(calendar);
        }

        foreach (var interval in spec.Interval)
        {
            Check(interval);
        }

        return spec;
    }

    // Obsolete, yet on the wire: by name, so that no warning must be silenced.
    private static RepeatedField<CalendarSpec> TextExclusions(ScheduleSpec spec) =>
        (RepeatedField<CalendarSpec>)ScheduleSpec.Descriptor
            .FindFieldByName("exclude_calendar").Accessor.GetValue(spec);

    private static void ReadCrons(ScheduleSpec spec)
    {
        var crons = spec.CronString.Select(CronText.Parse).ToList();
        spec.CronString.Clear();
        foreach (var cron in crons)
        {
            if (cron.Calendar is { } calendar)
            {
                spec.StructuredCalendar.Add(calendar);
            }

            if (cron.Interval is { } interval)
            {
                spec.Interval.Add(interval);
            }
        }

        var zones = crons.Select(cron => cron.Zone).Distinct().ToList();
        if (zones is [] or [""])
        {
            return;
        }

        // One spec has one zone: all crons must name the same, or none.
        if (zones.Count > 1 || spec.TimezoneName != "" && spec.TimezoneName != zones[0])
        {
            throw new InvalidInputException("conflicting timezone names");
        }

        spec.TimezoneName = zones[0];
    }

    private static void Check(StructuredCalendarSpec calendar)
    {
        var faults = new List<string>();
        Check(faults, calendar.Second, "Second", 0, 59);
        Check(faults, calendar.Minute, "Minute", 0, 59);
        Check(faults, calendar.Hour, "Hour", 0, 23);
        Check(faults, calendar.DayOfMonth, "DayOfMonth", 1, 31);
        Check(faults, calendar.Month, "Month", 1, 12);
        Check(faults, calendar.Year, "Year", CalendarFields.MinYear, CalendarFields.MaxYear);
        Check(faults, calendar.DayOfWeek, "DayOfWeek", 0, 6);
        if (calendar.Comment.Length > MaxComment)
        {
            faults.Add("comment is too long");
        }

        if (faults.Count > 0)
        {
            throw new InvalidInputException("invalid calendar spec: " + string.Join(", ", faults));
        }
    }

    private static void Check(List<string> faults, IEnumerable<Span> ranges, string field, int min, int max)
    {
        foreach (var range in ranges)
        {
            if (range.Start < min || range.Start > max)
            {
                faults.Add($"{field} Start is not in range [{min}-{max}]");
            }

            if (range.End != 0 && (range.End < range.Start || range.End > max))
            {
                faults.Add($"{field} End is before Start or not in range [{min}-{max}]");
            }

            if (range.Step < 0)
            {
                faults.Add($"{field} has invalid Step");
            }
        }
    }

    private static void Check(IntervalSpec interval)
    {
        var every = interval.Interval?.ToTimeSpan() ?? TimeSpan.Zero;
        var phase = interval.Phase?.ToTimeSpan() ?? TimeSpan.Zero;
        var fault = every < TimeSpan.FromSeconds(1) ? "interval is too small"
            : phase < TimeSpan.Zero ? "phase is negative"
            : phase >= every ? "phase cannot be greater than Interval"
            : null;
        if (fault is not null)
        {
            throw new InvalidInputException(fault);
        }
    }
}
