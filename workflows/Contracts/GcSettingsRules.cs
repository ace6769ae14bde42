using System.Globalization;

namespace Nstance.Temporal.Workflows.Contracts;

/// <summary>Validates settings: the same rules for the start, for <c>Configure</c>, and for programs.</summary>
public static class GcSettingsRules
{
    /// <summary>The maximum of <see cref="GcSettings.CyclesPerRun"/>.</summary>
    public const int MaxCyclesPerRun = 1000;

    /// <summary>The maximum of every percentage of <see cref="TerminationLimits"/>.</summary>
    public const int MaxPercent = 100;

    /// <summary>The maximum of every floor of <see cref="TerminationLimits"/>.</summary>
    public const int MaxFloor = 1_000_000;

    internal static readonly TimeSpan MaxDuration = TimeSpan.FromDays(365);

    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

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
        if (settings.Limits is null) return ["Limits is missing."];
        return
        [
            .. Ranges(settings).Where(range => range.IsBroken)
                .Select(range => $"{range.Name} is {range.Value}; allowed is {range.Min} to {range.Max}."),
            .. (settings.Limits.Rules ?? []).SelectMany(OfRule),
            .. (settings.QuietHours ?? []).SelectMany(OfQuietHours),
        ];
    }

    /// <summary>Returns the bounds of each setting. The command line reports them in its own words.</summary>
    internal static IEnumerable<SettingRange> Ranges(GcSettings settings) =>
    [
        new(nameof(settings.Interval), settings.Interval, Second, MaxDuration),
        new(nameof(settings.RegistrationTimeout), settings.RegistrationTimeout, Second, MaxDuration),
        new(nameof(settings.DeletedRecordRetention), settings.DeletedRecordRetention, Second, MaxDuration),
        new(nameof(settings.HealthCheckInterval), settings.HealthCheckInterval, Second, MaxDuration),
        new(nameof(settings.RequestTimeout), settings.RequestTimeout,
            TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(10)),
        new(nameof(settings.SettleTime), settings.SettleTime, TimeSpan.Zero, Day),
        new(nameof(settings.CycleTimeout), settings.CycleTimeout, Second, Day),
        new(nameof(settings.HostTimeout), settings.HostTimeout, Second, settings.CycleTimeout),
        new(nameof(settings.CyclesPerRun), settings.CyclesPerRun, 1, MaxCyclesPerRun),
        new(nameof(settings.Quarantine), settings.Quarantine, TimeSpan.FromMinutes(1), MaxDuration),
        new("Limits.GroupFloor", settings.Limits.GroupFloor, 0, MaxFloor),
        new("Limits.GroupPercent", settings.Limits.GroupPercent, 0, MaxPercent),
        new("Limits.ShardFloor", settings.Limits.ShardFloor, 0, MaxFloor),
        new("Limits.ShardPercent", settings.Limits.ShardPercent, 0, MaxPercent),
    ];

    private static IEnumerable<string> OfRule(LimitRule rule)
    {
        if (rule.Floor is < 0 or > MaxFloor)
            yield return $"Limits.Rules.Floor is {rule.Floor}; allowed is 0 to {MaxFloor}.";
        if (rule.Percent is < 0 or > MaxPercent)
            yield return $"Limits.Rules.Percent is {rule.Percent}; allowed is 0 to {MaxPercent}.";
        if (rule.Group is null) yield break;
        if (!IsGroup(rule.Group)) yield return $"Limits.Rules.Group is \"{rule.Group}\"; allowed is tenant/group.";
        if (rule.OfShard)
            yield return $"Limits.Rules.Group is \"{rule.Group}\"; a rule of the shard names no group.";
    }

    private static IEnumerable<string> OfQuietHours(QuietHours hours)
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

    private static bool IsId(string text) =>
        text.Length is > 0 and <= 32 && text[0] != '-' && text[^1] != '-'
        && !text.Contains("--", StringComparison.Ordinal)
        && text.All(c => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-');
}

/// <summary>The value of a setting and its bounds, both allowed.</summary>
/// <param name="Name">Name of the member, as in <c>Limits.GroupFloor</c>.</param>
/// <param name="Value">A time or a number; null: not set.</param>
/// <param name="Min">The minimum.</param>
/// <param name="Max">The maximum.</param>
internal sealed record SettingRange(string Name, object? Value, IComparable Min, IComparable Max)
{
    /// <summary>True: the value is out of range.</summary>
    public bool IsBroken => Value is not null && (Min.CompareTo(Value) > 0 || Max.CompareTo(Value) < 0);
}
