using System.Globalization;
using Nstance.Temporal.TestServer.Values;
using Temporalio.Api.Schedule.V1;
using Span = Temporalio.Api.Schedule.V1.Range;

namespace Nstance.Temporal.TestServer.Schedules;

/// <summary>
/// Calendars whose fields are text: <c>*</c>, <c>5</c>, <c>mon-fri</c>, <c>1-9/2</c>, <c>3/5</c>, and lists of them.
/// </summary>
internal static class CalendarText
{
    private const int Sunday = 7;

    private static readonly string[] Months =
    [
        "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
        "december",
    ];

    private static readonly string[] Days =
        ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

    /// <exception cref="InvalidInputException">
    /// Fields are malformed or out of range; the message names each.
    /// </exception>
    public static StructuredCalendarSpec Parse(CalendarSpec text)
    {
        var faults = new List<string>();
        var spec = new StructuredCalendarSpec { Comment = text.Comment };
        spec.Second.Add(Field(faults, "Second", text.Second, "0", 0, 59));
        spec.Minute.Add(Field(faults, "Minute", text.Minute, "0", 0, 59));
        spec.Hour.Add(Field(faults, "Hour", text.Hour, "0", 0, 23));
        spec.DayOfWeek.Add(Field(faults, "DayOfWeek", text.DayOfWeek, "*", 0, Sunday));
        spec.DayOfMonth.Add(Field(faults, "DayOfMonth", text.DayOfMonth, "*", 1, 31));
        spec.Month.Add(Field(faults, "Month", text.Month, "*", 1, 12));
        spec.Year.Add(Field(faults, "Year", text.Year, "*", CalendarFields.MinYear, CalendarFields.MaxYear));
        return faults.Count == 0 ? spec : throw new InvalidInputException(string.Join(", ", faults));
    }

    private static List<Span> Field(List<string> faults, string name, string text, string whenEmpty, int min, int max)
    {
        var parts = string.IsNullOrWhiteSpace(text) ? whenEmpty : text.Trim();
        // Every year is written as none.
        if (name == "Year" && parts == "*")
            return [];
        var ranges = new List<Span>();
        foreach (var part in parts.Split(','))
        {
            if (Part(name, part, min, max, ranges) is not { } fault)
                continue;
            faults.Add(fault);
            return [];
        }
        return ranges;
    }

    /// <summary>Adds what one part of a list says; returns its fault, or null.</summary>
    private static string? Part(string name, string part, int min, int max, List<Span> ranges)
    {
        var halves = part.Split('/');
        var step = 1;
        if (halves.Length > 2)
            return $"{name} has too many slashes";
        if (halves.Length == 2 && halves[1].Length == 0)
            return $"{name} missing step value";
        if (halves.Length == 2 && (!int.TryParse(
            halves[1], NumberStyles.None, CultureInfo.InvariantCulture, out step) || step < 1))
            return $"{name} has invalid Step";
        var bounds = halves[0].Split('-');
        if (bounds.Length > 2)
            return $"{name} has too many dashes";
        var start = min;
        var end = max;
        if (halves[0] != "*")
        {
            if (Value(name, bounds[0], min, max) is not { } first)
                return bounds.Length == 2
                    ? $"{name} Start is not in range [{min}-{max}]"
                    : $"{name} is not in range [{min}-{max}]";
            start = first;
            // A single value with a step goes on to the end.
            end = halves.Length == 2 ? max : first;
            if (bounds.Length == 2)
            {
                if (Value(name, bounds[1], start, max) is not { } last)
                    return $"{name} End is before Start or not in range [{min}-{max}]";
                end = last;
            }
        }
        Add(ranges, start, end, step, isWeekday: max == Sunday);
        return null;
    }

    /// <summary>Adds a range; Sunday as day 7 becomes day 0, which may take a range of its own.</summary>
    private static void Add(List<Span> ranges, int start, int end, int step, bool isWeekday)
    {
        if (isWeekday && end == Sunday)
        {
            if ((Sunday - start) % step == 0 && (step > 1 || start > 1))
            {
                ranges.Add(new() { Start = 0 });
                if (start == Sunday)
                    return;
            }
            end = Sunday - 1;
        }
        ranges.Add(new() { Start = start, End = end == start ? 0 : end, Step = step == 1 ? 0 : step });
    }

    private static int? Value(string name, string text, int min, int max)
    {
        var index = name switch
        {
            "Month" when text.Length >= 3 && Named(Months, text) is >= 0 and var month => month + 1,
            "DayOfWeek" when text.Length >= 2 && Named(Days, text) is >= 0 and var day => day,
            _ => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1,
        };
        return index >= min && index <= max ? index : null;
    }

    private static int Named(string[] names, string text) =>
        Array.FindIndex(names, name => name.StartsWith(text, StringComparison.OrdinalIgnoreCase));
}
