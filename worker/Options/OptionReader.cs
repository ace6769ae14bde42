using System.ComponentModel.DataAnnotations;
using System.Globalization;

namespace Nstance.Temporal.Worker.Options;

/// <summary>What was read: the options as far as they could be understood, and every fault at once.</summary>
/// <param name="Options">Complete only when there are no faults.</param>
/// <param name="Faults">One line each: where, the value, what is allowed.</param>
/// <param name="Faulty">Names of settings that broke a rule.</param>
internal sealed record ReadOptions(GcOptions Options, IReadOnlyList<string> Faults, IReadOnlySet<string> Faulty)
{
    /// <summary>The options with every setting that broke a rule back at its default: good for more checks, not for work.</summary>
    public GcOptions WithoutFaulty()
    {
        var (clean, defaults) = (Options with { }, new GcOptions());
        foreach (var setting in Settings.All.Where(setting => Faulty.Contains(setting.Name)))
        {
            setting.Property.SetValue(clean, setting.Property.GetValue(defaults));
        }

        return clean;
    }
}

/// <summary>Lays the sources over each other and checks the outcome.</summary>
internal static class OptionReader
{
    /// <summary>Reads the options.</summary>
    /// <param name="layers">Sources; the later wins.</param>
    /// <param name="required">Names of the settings without which the command cannot work.</param>
    public static ReadOptions Read(IReadOnlyList<Layer> layers, params IReadOnlyList<string> required)
    {
        var options = new GcOptions();
        var faults = new List<string>();
        var origins = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var layer in layers)
        {
            faults.AddRange(Unknown(layer));
        }

        foreach (var setting in Settings.All)
        {
            if (layers.LastOrDefault(layer => layer.Values.ContainsKey(setting.Name)) is not { } layer)
            {
                if (required.Contains(setting.Name))
                {
                    faults.Add(Missing(setting));
                }

                continue;
            }

            var origin = origins[setting.Name] = layer.Origin(setting.Name);
            if (TryParse(setting.Type, layer.Values[setting.Name], out var value, out var allowed))
            {
                setting.Property.SetValue(options, value);
            }
            else
            {
                faults.Add($"{origin}: \"{layer.Values[setting.Name]}\" is not {allowed}");
            }
        }

        var results = new List<ValidationResult>();
        Validator.TryValidateObject(options, new(options), results, validateAllProperties: true);
        if (results.Count > 0)
        {
            // The validator looks at rules between settings only when each setting is right; all faults are wanted.
            results.AddRange(options.Validate(new(options)).Where(between => !results.Exists(r => r.ErrorMessage == between.ErrorMessage)));
        }

        faults.AddRange(results.Select(result => $"{Origin(result, origins)}: {result.ErrorMessage}"));
        return new(options, faults, results.SelectMany(result => result.MemberNames).ToHashSet());
    }

    private static string Missing(Setting setting) =>
        $"{setting.Option} is missing: {setting.Help}; give it, or set {setting.Variable}";

    private static string Origin(ValidationResult result, Dictionary<string, string> origins)
    {
        var name = result.MemberNames.First();
        return origins.GetValueOrDefault(name) ?? Settings.Get(name).Option;
    }

    private static IEnumerable<string> Unknown(Layer layer) =>
        from name in layer.Values.Keys
        where !Settings.All.Any(setting => setting.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
        let nearest = DidYouMean.Nearest(name, Settings.All.Select(setting => setting.Name))
        select $"{layer.Origin(name)}: no such setting" + (nearest is null ? "" : $"; did you mean {layer.Origin(nearest)}?");

    private static bool TryParse(Type type, string text, out object? value, out string allowed)
    {
        if (type == typeof(string))
        {
            (value, allowed) = (text, "a text that is not empty");
            return text.Length > 0;
        }

        if (type == typeof(TimeSpan))
        {
            allowed = DurationText.Allowed;
            var understood = DurationText.TryParse(text, out var time);
            value = time;
            return understood;
        }

        if (type == typeof(int))
        {
            allowed = "a whole number";
            var understood = int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number);
            value = number;
            return understood;
        }

        bool? flag = text.ToUpperInvariant() switch
        {
            "ON" or "TRUE" or "YES" => true,
            "OFF" or "FALSE" or "NO" => false,
            _ => null,
        };
        (value, allowed) = (flag, "on or off");
        return flag is not null;
    }
}
