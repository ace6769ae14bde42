using Temporalio.Api.Schedule.V1;
using Span = Temporalio.Api.Schedule.V1.Range;

namespace Nstance.Temporal.TestServer.Schedules;

/// <summary>
/// Ranges of a spec as a description shows them: end and step are filled in, where storage leaves them out.
/// </summary>
internal static class RangeDefaults
{
    public static void Fill(ScheduleSpec spec)
    {
        foreach (var calendar in spec.StructuredCalendar.Concat(spec.ExcludeStructuredCalendar))
        {
            foreach (var ranges in new[]
            {
                calendar.Second, calendar.Minute, calendar.Hour,
                calendar.DayOfMonth, calendar.Month, calendar.Year, calendar.DayOfWeek,
            })
                Fill(ranges);
        }
    }

    private static void Fill(IEnumerable<Span> ranges)
    {
        foreach (var range in ranges)
        {
            range.End = Math.Max(range.End, range.Start);
            range.Step = Math.Max(range.Step, 1);
        }
    }
}
