using Google.Protobuf.WellKnownTypes;
using Nstance.Temporal.TestServer.Values;
using Temporalio.Api.Schedule.V1;

namespace Nstance.Temporal.TestServer.Schedules;

/// <summary>What a cron string says: a calendar or an interval, and the zone if it names one.</summary>
internal sealed record CronText(StructuredCalendarSpec? Calendar, IntervalSpec? Interval, string Zone)
{
    /// <summary>
    /// Five to seven fields (seconds first, year last), <c>@daily</c> and its like, <c>@every 1h/5m</c>, before it
    /// <c>CRON_TZ=…</c> or <c>TZ=…</c>, behind it <c># a comment</c>.
    /// </summary>
    /// <exception cref="InvalidInputException">The string is none of these.</exception>
    public static CronText Parse(string cron)
    {
        var (text, comment) = Cut(cron, '#');
        text = text.Trim();
        var zone = "";
        if (text.StartsWith("TZ=", StringComparison.Ordinal) || text.StartsWith("CRON_TZ=", StringComparison.Ordinal))
        {
            var (prefix, rest) = Cut(text, ' ');
            zone = Cut(prefix, '=').After;
            text = rest.Trim();
        }

        if (text.StartsWith("@every", StringComparison.Ordinal))
        {
            return new(null, Every(cron, text["@every".Length..]), "");
        }

        var fields = Named(text).Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        var calendar = fields.Length switch
        {
            5 => Fields("0", fields, "*"),
            6 => Fields("0", fields, fields[5]),
            7 => Fields(fields[0], fields[1..], fields[6]),
            _ => throw new InvalidInputException(
                "CronString does not have 5-7 fields"),
        };
        calendar.Comment = comment.Trim();
        return new(CalendarText.Parse(calendar), null, zone);
    }

    private static CalendarSpec Fields(string second, string[] fields, string year) => new()
    {
        Second = second,
        Minute = fields[0],
        Hour = fields[1],
        DayOfMonth = fields[2],
        Month = fields[3],
        DayOfWeek = fields[4],
        Year = year,
    };

    private static IntervalSpec Every(string cron, string text)
    {
        var (every, offset) = Cut(text.Trim(), '/');
        var phase = TimeSpan.Zero;
        if (!DurationText.TryParse(every, out var interval)
            || offset != "" && !DurationText.TryParse(offset, out phase))
        {
            throw new InvalidInputException($"malformed cron string '{cron}'");
        }

        return new() { Interval = interval.ToDuration(), Phase = offset == "" ? null : phase.ToDuration() };
    }

    private static string Named(string text) => text switch
    {
        "@yearly" or "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" or "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        _ => text,
    };

    private static (string Before, string After) Cut(string text, char at)
    {
        var index = text.IndexOf(at, StringComparison.Ordinal);
        return index < 0 ? (text, "") : (text[..index], text[(index + 1)..]);
    }
}
