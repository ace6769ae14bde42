using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Nstance.Temporal.Activities.Rules;

/// <summary>
/// Hours in which nothing is collected. Activities evaluate them, because the rules of time zones differ between hosts
/// and would break a replay of the workflow.
/// </summary>
internal static class QuietHoursRules
{
    /// <summary>Returns a sentence if the cycle or the phase began in quiet hours; otherwise null.</summary>
    public static string? Now(PhaseInput input)
    {
        DateTimeOffset[] times = [input.AsOf, input.StartedAt ?? input.AsOf];
        foreach (var hours in input.QuietHours ?? [])
        {
            if (!TryRead(hours, out var zone, out var from, out var to))
            {
                return $"quiet hours {Text(hours)} are invalid on this host: nothing is collected. "
                    + "Install the time zones (tzdata), or correct --quiet-hours";
            }

            if (times.Any(time => Holds(hours, from, to, TimeZoneInfo.ConvertTime(time, zone).DateTime)))
                return $"quiet hours {Text(hours)}: nothing is collected";
        }

        return null;
    }

    /// <summary>True if this host cannot read some hours: they hold always, and an operator must know.</summary>
    public static bool AreInvalid(PhaseInput input) =>
        (input.QuietHours ?? []).Any(hours => !TryRead(hours, out _, out _, out _));

    private static bool TryRead(
        QuietHours hours, [NotNullWhen(true)] out TimeZoneInfo? zone, out TimeOnly from, out TimeOnly to)
    {
        from = default;
        to = default;
        return TimeZoneInfo.TryFindSystemTimeZoneById(hours.TimeZone, out zone)
            && TryParse(hours.From, out from) && TryParse(hours.To, out to);
    }

    private static bool Holds(QuietHours hours, TimeOnly from, TimeOnly to, DateTime now)
    {
        var time = TimeOnly.FromDateTime(now);
        if (from < to) return time >= from && time < to && IsOn(hours, now.DayOfWeek);
        return (time >= from && IsOn(hours, now.DayOfWeek)) || (time < to && IsOn(hours, now.AddDays(-1).DayOfWeek));
    }

    private static bool IsOn(QuietHours hours, DayOfWeek day) =>
        hours.Days is not { Count: > 0 } days || days.Contains(GcSettingsRules.WeekDays[(int)day]);

    private static bool TryParse(string text, out TimeOnly time) =>
        TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out time);

    private static string Text(QuietHours w) =>
        $"{(w.Days is { Count: > 0 } days ? string.Join(',', days) + " " : "")}{w.From}-{w.To} {w.TimeZone}";
}
