using System.Reflection;
using System.Text.RegularExpressions;

namespace Nstance.Temporal.Worker.Options;

/// <summary>Whom a setting concerns; decides which commands take it as an option.</summary>
internal enum SettingUse
{
    /// <summary>Names the shard.</summary>
    Shard,

    /// <summary>The worker on this host.</summary>
    Host,

    /// <summary>The collector of a shard: kept in its schedule.</summary>
    Collector,

    /// <summary>Every command that talks to Temporal.</summary>
    Client,
}

/// <summary>One setting: its names in every source, and what the help says.</summary>
/// <param name="Name">Name of the member of <see cref="GcOptions"/>; the key in <c>appsettings.json</c>.</param>
/// <param name="Use">Whom it concerns.</param>
/// <param name="Value">Placeholder for the help, without brackets.</param>
/// <param name="Help">One line.</param>
/// <param name="DefaultWords">The default as text; null: the member's default value.</param>
internal sealed partial record Setting(
    string Name, SettingUse Use, string Value, string Help, string? DefaultWords = null)
{
    public const string Section = "NstanceGc";

    public const string EnvironmentPrefix = "NSTANCE_GC__";

    public string Option { get; } = "--" + Kebab(Name);

    public string Variable { get; } = EnvironmentPrefix + Name.ToUpperInvariant();

    public PropertyInfo Property { get; } = typeof(GcOptions).GetProperty(Name)!;

    /// <summary>The setting's type, without <c>?</c>.</summary>
    public Type Type => Nullable.GetUnderlyingType(Property.PropertyType) ?? Property.PropertyType;

    /// <summary>The value that holds when none is given, as the help says it.</summary>
    public string Default => DefaultWords ?? Property.GetValue(GcOptions.Defaults) switch
    {
        null => "none",
        TimeSpan time => DurationText.Format(time),
        true => "on",
        var value => $"{value}",
    };

    /// <summary>Returns <c>like-this</c> for <c>LikeThis</c>.</summary>
    public static string Kebab(string name) => Capital().Replace(name, "-$0").ToLowerInvariant();

    [GeneratedRegex("(?<!^)[A-Z]", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Capital();
}
