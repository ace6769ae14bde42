using System.Globalization;

namespace Nstance.Temporal.Worker.Options;

/// <summary>Maintenance windows as people write them: <c>Sat,Sun 00:00-00:00 Europe/Berlin; 02:00-04:30</c>.</summary>
internal static class WindowText
{
    public const string Allowed =
        "[DAYS] HH:mm-HH:mm [ZONE], separated by semicolons; DAYS like Mon,Tue (every day without them), ZONE like Europe/Berlin (UTC without it)";

    /// <summary>What cannot be understood; null: <paramref name="windows"/> holds all.</summary>
    public static string? Read(string? text, out IReadOnlyList<MaintenanceWindow> windows)
    {
        var read = new List<MaintenanceWindow>();
        windows = read;
        foreach (var part in (text ?? "").Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (Parse(part) is not { } window) return part;
            read.Add(window);
        }

        return null;
    }

    private static MaintenanceWindow? Parse(string text)
    {
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToList();
        string[] days = [];
        if (words.Count > 0 && char.IsLetter(words[0][0]))
        {
            days = words[0].Split(',');
            if (!days.All(GcSettingsRules.WeekDays.Contains)) return null;
            words.RemoveAt(0);
        }

        if (words.Count is 0 or > 2 || words[0].Split('-') is not [var from, var to] || !IsTime(from) || !IsTime(to)) return null;
        var zone = words.Count == 2 ? words[1] : "UTC";
        return TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _) ? new(from, to) { Days = days, TimeZone = zone } : null;
    }

    private static bool IsTime(string text) =>
        TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out _);
}
