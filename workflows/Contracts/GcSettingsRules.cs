using System.Globalization;

namespace Nstance.Temporal.Workflows.Contracts;

/// <summary>
/// Validates settings: the same rules for the start, for <c>Configure</c>, and for programs. Each bound stands here.
/// </summary>
public static class GcSettingsRules
{
    /// <summary>The maximum of <see cref="GcSettings.CyclesPerRun"/>.</summary>
    public const int MaxCyclesPerRun = 1000;

    /// <summary>The maximum of every percentage of <see cref="TerminationLimits"/>.</summary>
    public const int MaxPercent = 100;

    internal static readonly TimeSpan MaxDuration = TimeSpan.FromDays(365);

    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);
    private static readonly TimeSpan MinRequestTimeout = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MaxRequestTimeout = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan MinQuarantine = TimeSpan.FromMinutes(1);

    /// <summary>Days of a <see cref="QuietHours"/>, Sunday first as in <see cref="DayOfWeek"/>.</summary>
    public static IReadOnlyList<string> WeekDays { get; } = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

    /// <summary>True for <c>tenant/group</c>: two ids of nstance (contract, "Names").</summary>
    /// <param name="text">The text to check.</param>
    public static bool IsGroup(string? text) =>
        text?.Split('/') is [var tenant, var group] && IsId(tenant) && IsId(group);

    /// <summary>Returns all faults at once, each with name, value and what is allowed.</summary>
    /// <param name="settings">The settings to check.</param>
    public static IReadOnlyList<string> Faults(GcSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        List<string?> faults =
        [
            Within(nameof(settings.Interval), settings.Interval, Second, MaxDuration),
            Within(nameof(settings.RegistrationTimeout), settings.RegistrationTimeout, Second, MaxDuration),
            Within(nameof(settings.DeletedRecordRetention), settings.DeletedRecordRetention, Second, MaxDuration),
            Within(nameof(settings.HealthCheckInterval), settings.HealthCheckInterval, Second, MaxDuration),
            Within(nameof(settings.RequestTimeout), settings.RequestTimeout, MinRequestTimeout, MaxRequestTimeout),
            Within(nameof(settings.SettleTime), settings.SettleTime, TimeSpan.Zero, Day),
            Within(nameof(settings.CycleTimeout), settings.CycleTimeout, Second, Day),
            Within(nameof(settings.HostTimeout), settings.HostTimeout, Second, settings.CycleTimeout),
            Within(nameof(settings.Quarantine), settings.Quarantine, MinQuarantine, MaxDuration),
            Within<int>(nameof(settings.CyclesPerRun), settings.CyclesPerRun, 1, MaxCyclesPerRun),
        ];
        if (settings.Limits is null) return [.. faults.OfType<string>(), "Limits is missing."];
        faults.AddRange(OfLimits(settings.Limits));
        faults.AddRange(settings.QuietHours?.SelectMany(OfQuietHours) ?? []);
        return [.. faults.OfType<string>()];
    }

    private static IEnumerable<string?> OfLimits(TerminationLimits limits)
    {
        yield return Within<int>("Limits.GroupFloor", limits.GroupFloor, 0, int.MaxValue);
        yield return Within<int>("Limits.ShardFloor", limits.ShardFloor, 0, int.MaxValue);
        yield return Within<int>("Limits.GroupPercent", limits.GroupPercent, 0, MaxPercent);
        yield return Within<int>("Limits.ShardPercent", limits.ShardPercent, 0, MaxPercent);
        foreach (var rule in limits.Rules ?? [])
        {
            yield return Within<int>("Limits.Rules.Floor", rule.Floor, 0, int.MaxValue);
            yield return Within<int>("Limits.Rules.Percent", rule.Percent, 0, MaxPercent);
            if (rule.Group is null) continue;
            if (!IsGroup(rule.Group)) yield return $"Limits.Rules.Group is \"{rule.Group}\"; allowed is tenant/group.";
            if (rule.OfShard)
                yield return $"Limits.Rules.Group is \"{rule.Group}\"; a rule of the shard names no group.";
        }
    }

    private static IEnumerable<string?> OfQuietHours(QuietHours hours)
    {
        foreach (var (name, text) in new[] { ("From", hours.From), ("To", hours.To) })
        {
            if (!TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out _))
                yield return $"QuietHours.{name} is \"{text}\"; allowed is HH:mm.";
        }

        foreach (var day in (hours.Days ?? []).Where(day => !WeekDays.Contains(day)))
            yield return $"QuietHours.Days has \"{day}\"; allowed is {string.Join(' ', WeekDays)}.";
        // Only the host checks whether it knows the zone: here the answer would depend on the machine.
        if (string.IsNullOrWhiteSpace(hours.TimeZone))
            yield return "QuietHours.TimeZone is missing; allowed is an IANA name such as Europe/Berlin.";
    }

    private static string? Within<T>(string name, T? value, T min, T max)
        where T : struct, IComparable<T> =>
        value is { } it && (it.CompareTo(min) < 0 || it.CompareTo(max) > 0)
            ? $"{name} is {it}; allowed is {min} to {max}." : null;

    private static bool IsId(string text) =>
        text.Length is > 0 and <= 32 && text[0] != '-' && text[^1] != '-'
        && !text.Contains("--", StringComparison.Ordinal)
        && text.All(c => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-');
}
