using System.Globalization;

namespace Nstance.Temporal.Workflows.Contracts;

/// <summary>What a collector accepts as settings. Pure; the same rules for the start, for <c>Configure</c>, and for programs.</summary>
public static class GcSettingsRules
{
    private static readonly TimeSpan MaxDuration = TimeSpan.FromDays(365);

    /// <summary>Days of a <see cref="MaintenanceWindow"/>, Sunday first as in <see cref="DayOfWeek"/>.</summary>
    public static IReadOnlyList<string> WeekDays { get; } = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

    /// <summary>True for <c>tenant/group</c>: two ids of nstance (contract, "Names").</summary>
    /// <param name="text">What is asked.</param>
    public static bool IsGroup(string? text) =>
        text?.Split('/') is [var tenant, var group] && IsId(tenant) && IsId(group);

    /// <summary>All faults at once, one sentence each with name, value and what is allowed; empty when there are none.</summary>
    /// <param name="settings">What is asked.</param>
    public static IReadOnlyList<string> Faults(GcSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var faults = new List<string>();
        if (settings.Interval > MaxDuration) faults.Add($"Interval is {settings.Interval}; at most {MaxDuration}, zero or less is off.");
        Within(nameof(settings.RegistrationTimeout), settings.RegistrationTimeout, TimeSpan.FromSeconds(1), MaxDuration);
        Within(nameof(settings.DeletedRecordRetention), settings.DeletedRecordRetention, TimeSpan.FromSeconds(1), MaxDuration);
        Within(nameof(settings.HealthCheckInterval), settings.HealthCheckInterval, TimeSpan.FromSeconds(1), MaxDuration);
        Within(nameof(settings.RequestTimeout), settings.RequestTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(10));
        Within(nameof(settings.SettleTime), settings.SettleTime, TimeSpan.Zero, TimeSpan.FromDays(1));
        Within(nameof(settings.CycleTimeout), settings.CycleTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
        Within(nameof(settings.HostTimeout), settings.HostTimeout, TimeSpan.FromSeconds(1), settings.CycleTimeout);
        Within(nameof(settings.Quarantine), settings.Quarantine, TimeSpan.FromMinutes(1), MaxDuration);
        Between(nameof(settings.CyclesPerRun), settings.CyclesPerRun, 1, 1000);
        if (settings.Limits is not { } limits)
        {
            faults.Add("Limits is missing.");
            return faults;
        }

        Between("Limits.GroupFloor", limits.GroupFloor, 0, int.MaxValue);
        Between("Limits.ShardFloor", limits.ShardFloor, 0, int.MaxValue);
        Between("Limits.GroupPercent", limits.GroupPercent, 0, 100);
        Between("Limits.ShardPercent", limits.ShardPercent, 0, 100);
        foreach (var rule in limits.Rules ?? [])
        {
            Between("Limits.Rules.Floor", rule.Floor, 0, int.MaxValue);
            Between("Limits.Rules.Percent", rule.Percent, 0, 100);
            if (rule.Group is { } group && !IsGroup(group)) faults.Add($"Limits.Rules.Group is \"{group}\"; allowed is tenant/group.");
            if (rule is { OfShard: true, Group: not null }) faults.Add($"Limits.Rules.Group is \"{rule.Group}\"; a rule of the shard names no group.");
        }

        foreach (var window in settings.Windows ?? [])
        {
            foreach (var (name, text) in new[] { ("From", window.From), ("To", window.To) })
            {
                if (!TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out _))
                    faults.Add($"Windows.{name} is \"{text}\"; allowed is HH:mm.");
            }

            foreach (var day in window.Days ?? [])
            {
                if (!WeekDays.Contains(day)) faults.Add($"Windows.Days has \"{day}\"; allowed is {string.Join(' ', WeekDays)}.");
            }

            // Whether a host knows the zone is for the host to say: here the answer would hang on the machine.
            if (string.IsNullOrWhiteSpace(window.TimeZone)) faults.Add("Windows.TimeZone is missing; allowed is an IANA name such as Europe/Berlin.");
        }

        return faults;

        void Within(string name, TimeSpan? value, TimeSpan least, TimeSpan most)
        {
            if (value < least || value > most) faults.Add($"{name} is {value}; allowed is {least} to {most}.");
        }

        void Between(string name, int value, int least, int most)
        {
            if (value < least || value > most) faults.Add($"{name} is {value}; allowed is {least} to {most}.");
        }
    }

    private static bool IsId(string text) =>
        text.Length is > 0 and <= 32 && text[0] != '-' && text[^1] != '-' && !text.Contains("--", StringComparison.Ordinal)
        && text.All(c => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-');
}
