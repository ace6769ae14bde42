namespace Nstance.Temporal.Worker.Options;

/// <summary>A setting that differs from the value in effect.</summary>
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
    private static readonly IReadOnlyList<Setting> All =
        [.. Settings.Of(SettingUse.Collector).Where(setting => setting.Name != nameof(GcSettings.DryRun))];

    private static readonly GcSettings Defaults = new();

    /// <summary>Returns <paramref name="known"/> with the named settings of <paramref name="given"/>.</summary>
    public static GcSettings Over(GcSettings known, GcSettings given, IReadOnlySet<string> names)
    {
        var over = known with { Limits = known.Limits with { } };
        foreach (var setting in All.Where(setting => names.Contains(setting.Name)))
            setting.Set(over, setting.Get(given));
        return over;
    }

    /// <summary>Returns the settings that differ.</summary>
    public static IReadOnlyList<SettingChange> Changes(GcSettings from, GcSettings to) =>
    [
        .. All.Select(s => new SettingChange(s.Option, s.Text(s.Get(from)), s.Text(s.Get(to))))
            .Where(change => change.From != change.To),
    ];

    /// <summary>Returns the settings that have not their defaults, as they are typed.</summary>
    public static IReadOnlyList<string> NotDefault(GcSettings settings) =>
        [.. Changes(Defaults, settings).Select(change => $"{change.Option} {Quoted(change.To)}")];

    private static string Quoted(string text) => text.AsSpan().ContainsAny(" *;") ? $"\"{text}\"" : text;
}
