using System.Globalization;
using Nstance.Temporal.TestServer.Values;
using Temporalio.Api.Schedule.V1;
using Span = Temporalio.Api.Schedule.V1.Range;

namespace Nstance.Temporal.TestServer.Schedules;

/// <summary>Calendars whose fields are text: <c>*</c>, <c>5</c>, <c>mon-fri</c>, <c>1-9/2</c>, <c>3/5</c>, and lists of them.</summary>
internal static class CalendarText
{
    private static readonly string[] Months =
    [
        "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
        "december",
    ];

    private static readonly string[] Days =
        ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

    /// <exception cref="InvalidInputException">A field is malformed or out of range; the message names it.</exception>
    public static StructuredCalendarSpec Parse(CalendarSpec text)
    {
        var spec = new StructuredCalendarSpec { Comment = text.Comment };
        spec.Year.Add(Field("Year", text.Year, "*", CalendarFields.MinYear, CalendarFields.MaxYear));
        spec.Month.Add(Field("Month", text.Month, "*", 1, 12));
        spec.DayOfMonth.Add(Field("DayOfMonth", text.DayOfMonth, "*", 1, 31));
        spec.DayOfWeek.Add(Field("DayOfWeek", text.DayOfWeek, "*", 0, 7));
        spec.Hour.Add(Field("Hour", text.Hour, "0", 0, 23));
        spec.Minute.Add(Field("Minute", text.Minute, "0", 0, 59));
        spec.Second.Add(Field("Second", text.Second, "0", 0, 59));
        return spec;
    }

    private static List<Span> Field(string name, string text, string whenEmpty, int min, int max)
    {
        var parts = string.IsNullOrWhiteSpace(text) ? whenEmpty : text.Trim();
        return parts.Split(',').Select(part => Part(name, part, min, max)).ToList();
    }

    private static Span Part(string name, string part, int min, int max)
    {
        var halves = part.Split('/');
        var step = 1;
        if (halves.Length > 2 || halves.Length == 2 && (!int.TryParse(
            halves[1], NumberStyles.None, CultureInfo.InvariantCulture, out step) || step < 1))
        {
            throw Malformed(name, part);
        }

        var bounds = halves[0].Split('-');
        var (start, end) = (halves[0], bounds.Length, halves.Length) switch
        {
            ("*", _, _) => (min, max),
            (_, 1, 1) when Value(name, bounds[0], min, max) is var single => (single, single),
            (_, 1, 2) => (Value(name, bounds[0], min, max), max),
            (_, 2, _) => (Value(name, bounds[0], min, max), Value(name, bounds[1], min, max)),
            _ => throw Malformed(name, part),
        };
        return end < start
            ? throw Malformed(name, part)
            : new Span { Start = start, End = end == start ? 0 : end, Step = step == 1 ? 0 : step };
    }

    private static int Value(string name, string text, int min, int max)
    {
        var index = name switch
        {
            "Month" when text.Length >= 3 => Named(Months, text) + 1,
            "DayOfWeek" when text.Length >= 2 => Named(Days, text),
            _ => -1,
        };
        var value = index >= min && index >= 0
            ? index
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                ? number
                : throw Malformed(name, text);
        return value >= min && value <= max
            ? value
            : throw new InvalidInputException($"invalid schedule spec: {name} {value} is out of range [{min}-{max}]");
    }

    private static int Named(string[] names, string text) =>
        Array.FindIndex(names, name => name.StartsWith(text, StringComparison.OrdinalIgnoreCase));

    private static InvalidInputException Malformed(string name, string part) =>
        new($"invalid schedule spec: malformed {name} expression '{part}'");
}
