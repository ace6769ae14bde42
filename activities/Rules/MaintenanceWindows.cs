using System.Globalization;

namespace Nstance.Temporal.Activities.Rules;

/// <summary>
/// Hours in which nothing is collected. Activities judge them and not the workflow: time zone rules differ between
/// hosts and would break a replay.
/// </summary>
internal static class MaintenanceWindows
{
    /// <summary>
    /// One sentence while a window is open, at the cycle's time or when the phase began; null: none is.
    /// </summary>
    public static string? Open(PhaseInput input)
    {
        DateTimeOffset[] times = [input.AsOf, input.StartedAt ?? input.AsOf];
        foreach (var window in input.Windows ?? [])
        {
            if (!TimeZoneInfo.TryFindSystemTimeZoneById(window.TimeZone, out var zone)
                || !TryParse(window.From, out var from) || !TryParse(window.To, out var to))
                return $"maintenance window {Text(window)} is invalid on this host: nothing is collected";
            if (times.Any(time => IsOpen(window, from, to, TimeZoneInfo.ConvertTime(time, zone).DateTime)))
                return $"maintenance window {Text(window)}: nothing is collected";
        }

        return null;
    }

    private static bool IsOpen(MaintenanceWindow window, TimeOnly from, TimeOnly to, DateTime now)
    {
        var time = TimeOnly.FromDateTime(now);
        if (from < to) return time >= from && time < to && IsOn(window, now.DayOfWeek);
        return (time >= from && IsOn(window, now.DayOfWeek)) || (time < to && IsOn(window, now.AddDays(-1).DayOfWeek));
    }

    private static bool IsOn(MaintenanceWindow window, DayOfWeek day) =>
        window.Days is not { Count: > 0 } days || days.Contains(GcSettingsRules.WeekDays[(int)day]);

    private static bool TryParse(string text, out TimeOnly time) =>
        TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out time);

    private static string Text(MaintenanceWindow w) =>
        $"{(w.Days is { Count: > 0 } days ? string.Join(',', days) + " " : "")}{w.From}-{w.To} {w.TimeZone}";
}
