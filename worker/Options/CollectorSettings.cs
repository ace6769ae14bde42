namespace Nstance.Temporal.Worker.Options;

/// <summary>A setting that differs.</summary>
/// <param name="Option">Its option.</param>
/// <param name="From">The value in effect.</param>
/// <param name="To">The other value.</param>
internal sealed record SettingChange(string Option, string From, string To)
{
    public override string ToString() => $"{Option}: {From} -> {To}";
}

/// <summary>
/// The settings of a collector one by one: which differ, and which an operator named. The mode is not among them: a
/// collector keeps the mode that an operator set.
/// </summary>
internal static class CollectorSettings
{
    private static readonly IReadOnlyList<Entry> All =
    [
        new("Interval", s => s.Interval, (to, from) => to with { Interval = from.Interval }),
        new("RegistrationTimeout", s => s.RegistrationTimeout,
            (to, from) => to with { RegistrationTimeout = from.RegistrationTimeout }),
        new("DeletedRecordRetention", s => s.DeletedRecordRetention,
            (to, from) => to with { DeletedRecordRetention = from.DeletedRecordRetention }),
        new("HealthCheckInterval", s => s.HealthCheckInterval,
            (to, from) => to with { HealthCheckInterval = from.HealthCheckInterval }),
        new("RequestTimeout", s => s.RequestTimeout, (to, from) => to with { RequestTimeout = from.RequestTimeout }),
        new("SettleTime", s => s.SettleTime, (to, from) => to with { SettleTime = from.SettleTime }),
        new("CycleTimeout", s => s.CycleTimeout, (to, from) => to with { CycleTimeout = from.CycleTimeout }),
        new("HostTimeout", s => s.HostTimeout, (to, from) => to with { HostTimeout = from.HostTimeout }),
        new("CyclesPerRun", s => s.CyclesPerRun, (to, from) => to with { CyclesPerRun = from.CyclesPerRun }),
        OfLimits("Limits", l => l.Enabled, (to, from) => to with { Enabled = from.Enabled }),
        OfLimits("LimitGroupFloor", l => l.GroupFloor, (to, from) => to with { GroupFloor = from.GroupFloor }),
        OfLimits("LimitGroupPercent", l => l.GroupPercent, (to, from) => to with { GroupPercent = from.GroupPercent }),
        OfLimits("LimitShardFloor", l => l.ShardFloor, (to, from) => to with { ShardFloor = from.ShardFloor }),
        OfLimits("LimitShardPercent", l => l.ShardPercent, (to, from) => to with { ShardPercent = from.ShardPercent }),
        OfLimits("LimitRules", l => l.Rules, (to, from) => to with { Rules = from.Rules }),
        new("Quarantine", s => s.Quarantine, (to, from) => to with { Quarantine = from.Quarantine }),
        new("QuietHours", s => s.QuietHours, (to, from) => to with { QuietHours = from.QuietHours }),
    ];

    private static readonly GcSettings Defaults = new();

    /// <summary>Names of the settings, as <see cref="Setting.Name"/>.</summary>
    public static IEnumerable<string> Names => All.Select(entry => entry.Name);

    /// <summary>Returns <paramref name="known"/> with the named settings of <paramref name="given"/>.</summary>
    public static GcSettings Over(GcSettings known, GcSettings given, IReadOnlySet<string> names) =>
        All.Where(entry => names.Contains(entry.Name)).Aggregate(known, (to, entry) => entry.Copy(to, given));

    /// <summary>Returns the settings that differ.</summary>
    public static IReadOnlyList<SettingChange> Changes(GcSettings from, GcSettings to) =>
    [
        .. All.Select(entry => new SettingChange(entry.Setting.Option, entry.Text(from), entry.Text(to)))
            .Where(change => change.From != change.To),
    ];

    /// <summary>Returns the settings that have not their defaults, as they are typed.</summary>
    public static IReadOnlyList<string> NotDefault(GcSettings settings) =>
        [.. Changes(Defaults, settings).Select(change => $"{change.Option} {Quoted(change.To)}")];

    private static string Quoted(string text) => text.AsSpan().ContainsAny(" *;") ? $"\"{text}\"" : text;

    private static Entry OfLimits(
        string name,
        Func<TerminationLimits, object?> value,
        Func<TerminationLimits, TerminationLimits, TerminationLimits> copy) =>
        new(name, s => value(s.Limits), (to, from) => to with { Limits = copy(to.Limits, from.Limits) });

    private sealed record Entry(
        string Name, Func<GcSettings, object?> Value, Func<GcSettings, GcSettings, GcSettings> Copy)
    {
        public Setting Setting { get; } = Settings.Get(Name);

        public string Text(GcSettings settings) => Value(settings) switch
        {
            null => Setting.Default,
            TimeSpan time => DurationText.Format(time),
            bool on => on ? "on" : "off",
            IReadOnlyList<LimitRule> rules => SteeringText.Format(rules),
            IReadOnlyList<QuietHours> hours => SteeringText.Format(hours),
            var value => $"{value}",
        };
    }
}
