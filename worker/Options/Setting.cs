using System.Reflection;
using System.Text.Json;

namespace Nstance.Temporal.Worker.Options;

/// <summary>Whom a setting concerns; decides which commands take it as an option.</summary>
internal enum SettingUse
{
    Shard, // names the shard
    Host, // the worker on this host
    Collector, // the collector of a shard: kept in its schedule
    Client, // every command that talks to Temporal
}

/// <summary>One setting: its names in every source, and what the help says.</summary>
/// <param name="Name">Name of the member; the key in <c>appsettings.json</c>.</param>
/// <param name="Use">Whom it concerns.</param>
/// <param name="Value">Placeholder for the help, without brackets.</param>
/// <param name="Help">One line.</param>
/// <param name="DefaultWords">The default as text; null: the member's default value.</param>
internal sealed record Setting(
    string Name, SettingUse Use, string Value, string Help, string? DefaultWords = null)
{
    public const string Section = "NstanceGc";

    public const string EnvironmentPrefix = "NSTANCE_GC__";

    public string Option { get; } = "--" + Kebab(Name);

    public string Variable { get; } = EnvironmentPrefix + Name.ToUpperInvariant();

    /// <summary>The setting's type, without <c>?</c>.</summary>
    public Type Type => Nullable.GetUnderlyingType(Property.PropertyType) ?? Property.PropertyType;

    /// <summary>The value that holds when none is given, as the help says it.</summary>
    public string Default => DefaultWords ?? Text(Get(GcOptions.Defaults));

    private PropertyInfo Property { get; } = (Use, Name) switch
    {
        (SettingUse.Collector, "Limits") => typeof(TerminationLimits).GetProperty("Enabled")!,
        (SettingUse.Collector, _) when Name.StartsWith("Limit", StringComparison.Ordinal) =>
            typeof(TerminationLimits).GetProperty(Name["Limit".Length..])!,
        (SettingUse.Collector, _) => typeof(GcSettings).GetProperty(Name)!,
        _ => typeof(GcOptions).GetProperty(Name)!,
    };

    public object? Get(GcOptions options) => Property.GetValue(Owner(options));

    public object? Get(GcSettings settings) => Property.GetValue(Owner(settings));

    /// <summary>Changes options that nothing else holds.</summary>
    public void Set(GcOptions options, object? value) => Property.SetValue(Owner(options), value);

    /// <summary>Changes settings that nothing else holds.</summary>
    public void Set(GcSettings settings, object? value) => Property.SetValue(Owner(settings), value);

    /// <summary>Writes a value as people type it; the default if it is null.</summary>
    public string Text(object? value) => value switch
    {
        null => DefaultWords ?? "none",
        TimeSpan time => DurationText.Format(time),
        bool on => on ? "on" : "off",
        IReadOnlyList<LimitRule> rules => SteeringText.Format(rules),
        IReadOnlyList<QuietHours> hours => SteeringText.Format(hours),
        _ => $"{value}",
    };

    private object Owner(GcOptions options) => Use == SettingUse.Collector ? Owner(options.Collector) : options;

    private object Owner(GcSettings settings) =>
        Property.DeclaringType == typeof(TerminationLimits) ? settings.Limits : settings;

    /// <summary>Returns <c>like-this</c> for <c>LikeThis</c>.</summary>
    public static string Kebab(string name) => JsonNamingPolicy.KebabCaseLower.ConvertName(name);
}
