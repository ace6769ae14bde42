using System.Globalization;

namespace Nstance.Temporal.Worker.Options;

/// <summary>The options as far as they are valid, and every fault at once.</summary>
/// <param name="Options">Complete only without faults.</param>
/// <param name="Faults">One line each: where, the value, what is allowed.</param>
/// <param name="Faulty">Names of settings that broke a rule.</param>
/// <param name="Given">Names of settings that a source names.</param>
internal sealed record ReadOptions(
    GcOptions Options, IReadOnlyList<string> Faults, IReadOnlySet<string> Faulty, IReadOnlySet<string> Given)
{
    /// <summary>Returns the options with each faulty setting at its default, for more checks.</summary>
    public GcOptions WithoutFaulty()
    {
        var settings = Options.Collector;
        var clean = Options with { Collector = settings with { Limits = settings.Limits with { } } };
        foreach (var setting in Settings.All.Where(setting => Faulty.Contains(setting.Name)))
            setting.Set(clean, setting.Get(GcOptions.Defaults));
        return clean;
    }
}

/// <summary>Lays the sources over each other and checks the outcome.</summary>
internal static class OptionReader
{
    /// <summary>The word that gives a setting of a collector its default again.</summary>
    private const string Default = "default";

    /// <summary>Reads the options.</summary>
    /// <param name="layers">Sources; the later wins.</param>
    /// <param name="required">Names of the settings without which the command cannot work.</param>
    public static ReadOptions Read(IReadOnlyList<Layer> layers, params IReadOnlyList<string> required)
    {
        var options = new GcOptions();
        var faults = layers.SelectMany(Unknown).ToList();
        var origins = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var setting in Settings.All)
        {
            if (layers.LastOrDefault(layer => layer.Values.ContainsKey(setting.Name)) is not { } layer)
            {
                if (required.Contains(setting.Name))
                    faults.Add($"{setting.Option} is missing: {setting.Help}; give it, or set {setting.Variable}");
                continue;
            }

            var origin = origins[setting.Name] = layer.Origin(setting.Name);
            var text = layer.Values[setting.Name];
            var (value, fault) = text == Default && setting.Use == SettingUse.Collector
                ? (setting.Get(GcOptions.Defaults), null)
                : Parse(setting.Type, text);
            if (fault is null) setting.Set(options, value);
            else faults.Add($"{origin}: {fault}");
        }

        var broken = OptionRules.Faults(options);
        foreach (var (name, message) in broken)
            faults.Add($"{origins.GetValueOrDefault(name) ?? Settings.Get(name).Option}: {message}");
        return new(options, faults, broken.Select(fault => fault.Name).ToHashSet(), origins.Keys.ToHashSet());
    }

    private static IEnumerable<string> Unknown(Layer layer)
    {
        var known = Settings.All.Select(setting => setting.Name).ToList();
        return from name in layer.Values.Keys
               where !known.Contains(name, StringComparer.OrdinalIgnoreCase)
               let hint = DidYouMean.Hint(name, known, layer.Origin)
               select $"{layer.Origin(name)}: no such setting{hint}";
    }

    /// <summary>Reads the value, or says what is wrong with the text.</summary>
    private static (object? Value, string? Fault) Parse(Type type, string text)
    {
        if (type == typeof(string)) return Checked(text.Length > 0 ? text : null, "a text that is not empty");
        if (type == typeof(TimeSpan))
            return Checked(DurationText.TryParse(text, out var time) ? time : null, DurationText.Allowed);
        if (type == typeof(int))
        {
            const NumberStyles Style = NumberStyles.AllowLeadingSign;
            var isWhole = int.TryParse(text, Style, CultureInfo.InvariantCulture, out var number);
            return Checked(isWhole ? number : null, "a whole number");
        }

        if (type == typeof(IReadOnlyList<LimitRule>))
        {
            var wrong = SteeringText.Rules(text, out var rules);
            return (NotEmpty(rules), wrong is null ? null : $"\"{wrong}\" is not a rule: {SteeringText.AllowedRules}");
        }

        if (type == typeof(IReadOnlyList<QuietHours>))
        {
            var wrong = SteeringText.QuietHours(text, out var hours);
            return (NotEmpty(hours), wrong is null ? null
                : $"\"{wrong}\" is not a range of hours: {SteeringText.AllowedQuietHours}");
        }

        bool? isOn = text.ToUpperInvariant() switch
        {
            "ON" or "TRUE" or "YES" => true,
            "OFF" or "FALSE" or "NO" => false,
            _ => null,
        };
        return Checked(isOn, "on or off");

        static object? NotEmpty<T>(IReadOnlyList<T> list) => list.Count > 0 ? list : null;

        (object?, string?) Checked(object? value, string allowed) =>
            (value, value is null ? $"\"{text}\" is not {allowed}" : null);
    }
}
