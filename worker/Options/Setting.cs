using System.Reflection;
using System.Text;

namespace Nstance.Temporal.Worker.Options;

/// <summary>Whom a setting concerns; decides which commands take it as an option.</summary>
internal enum SettingUse
{
    /// <summary>Names the shard.</summary>
    Shard,

    /// <summary>The worker on this host.</summary>
    Worker,

    /// <summary>The collector of a shard: kept in its schedule.</summary>
    Collector,

    /// <summary>Every command that talks to Temporal.</summary>
    Client,
}

/// <summary>One setting: its names in every source, and what the help says.</summary>
/// <param name="Name">Name of the member of <see cref="GcOptions"/>; the key in <c>appsettings.json</c>.</param>
/// <param name="Use">Whom it concerns.</param>
/// <param name="Value">Placeholder for the help, without brackets.</param>
/// <param name="Default">What holds when it is not given, in words.</param>
/// <param name="Help">One line.</param>
internal sealed record Setting(string Name, SettingUse Use, string Value, string Default, string Help)
{
    public const string Section = "NstanceGc";

    public const string EnvironmentPrefix = "NSTANCE_GC__";

    public string Option { get; } = "--" + Kebab(Name);

    public string Variable { get; } = EnvironmentPrefix + Name.ToUpperInvariant();

    public PropertyInfo Property { get; } = typeof(GcOptions).GetProperty(Name)!;

    /// <summary>The setting's type, without <c>?</c>.</summary>
    public Type Type => Nullable.GetUnderlyingType(Property.PropertyType) ?? Property.PropertyType;

    private static string Kebab(string name)
    {
        var kebab = new StringBuilder();
        foreach (var letter in name)
        {
            if (char.IsUpper(letter) && kebab.Length > 0)
            {
                kebab.Append('-');
            }

            kebab.Append(char.ToLowerInvariant(letter));
        }

        return kebab.ToString();
    }
}
