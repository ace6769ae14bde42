using System.Globalization;

namespace Nstance.Temporal.Activities.Rules;

/// <summary>
/// What operators hold still: maintenance windows and paused parts of a shard. Windows are judged here and not in the
/// workflow, because rules of time zones differ between hosts and would break replay.
/// </summary>
internal static class PauseRules
{
    /// <summary>Null: no window is open, at the cycle's time or when the phase began. Else one sentence.</summary>
    public static string? Window(PhaseInput input)
    {
        foreach (var window in input.Windows ?? [])
        {
            if (!TimeZoneInfo.TryFindSystemTimeZoneById(window.TimeZone, out var zone)
                || !TryTime(window.From, out var from) || !TryTime(window.To, out var to))
                return $"maintenance window {Text(window)} cannot be understood on this host: nothing is collected";
            DateTimeOffset[] times = [input.AsOf, input.StartedAt ?? input.AsOf];
            if (times.Any(time => IsOpen(window, from, to, TimeZoneInfo.ConvertTime(time, zone).DateTime)))
                return $"maintenance window {Text(window)}: nothing is collected";
        }

        return null;
    }

    /// <summary>
    /// Null: nobody paused this. An instance whose tenant or group nobody knows may belong to a paused group: it is held
    /// with it, so that no sweep gets around a pause.
    /// </summary>
    public static string? Of(PhaseInput input, Sweep sweep, string? tenant, string? group)
    {
        foreach (var hold in input.PartialPauses ?? [])
        {
            if ((hold.Sweep ?? sweep) != sweep || hold.Until <= input.AsOf || !Covers(hold.Group, tenant, group)) continue;
            return $"paused ({hold.Group ?? "every group"}, {hold.Sweep?.ToString() ?? "every sweep"}): {hold.Reason}";
        }

        return null;
    }

    private static bool Covers(string? held, string? tenant, string? group)
    {
        if (held is null) return true;
        var (heldTenant, heldGroup) = held.Split('/') is [var t, var g] ? (t, g) : ("", held);
        return (string.IsNullOrEmpty(tenant) || heldTenant.Length == 0 || tenant == heldTenant)
            && (string.IsNullOrEmpty(group) || group == heldGroup);
    }

    private static bool IsOpen(MaintenanceWindow window, TimeOnly from, TimeOnly to, DateTime now)
    {
        var time = TimeOnly.FromDateTime(now);
        if (from < to) return time >= from && time < to && IsOn(window, now.DayOfWeek);
        return (time >= from && IsOn(window, now.DayOfWeek)) || (time < to && IsOn(window, now.AddDays(-1).DayOfWeek));
    }

    private static bool IsOn(MaintenanceWindow window, DayOfWeek day) =>
        window.Days is not { Count: > 0 } days || days.Contains(GcSettingsRules.WeekDays[(int)day]);

    private static bool TryTime(string text, out TimeOnly time) =>
        TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out time);

    private static string Text(MaintenanceWindow w) =>
        $"{(w.Days is { Count: > 0 } days ? string.Join(',', days) + " " : "")}{w.From}-{w.To} {w.TimeZone}";
}
