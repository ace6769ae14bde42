using System.Collections;
using Microsoft.Extensions.Configuration;

namespace Nstance.Temporal.Worker.Options;

/// <summary>Settings from one source, as text, and how that source names them.</summary>
/// <param name="Values">Text by name; names ignore case.</param>
/// <param name="Origin">What to call a setting of this source in a message.</param>
internal sealed record Layer(IReadOnlyDictionary<string, string> Values, Func<string, string> Origin)
{
    public static Layer OfCommandLine(IReadOnlyDictionary<string, string> values) =>
        new(values, name => Settings.Get(name).Option);

    public static Layer OfEnvironment(IDictionary variables)
    {
        var values = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (DictionaryEntry variable in variables)
        {
            var name = (string)variable.Key;
            if (name.StartsWith(Setting.EnvironmentPrefix, StringComparison.OrdinalIgnoreCase))
                values.TryAdd(name[Setting.EnvironmentPrefix.Length..], (string?)variable.Value ?? "");
        }

        return new(values, name => Setting.EnvironmentPrefix + name.ToUpperInvariant());
    }

    /// <summary>Returns the full path of the settings file; null if it does not exist.</summary>
    public static string? FileAt(string? path)
    {
        var file = Path.GetFullPath(path ?? Path.Combine(AppContext.BaseDirectory, "appsettings.json"));
        return File.Exists(file) ? file : null;
    }

    /// <summary>Reads a settings file.</summary>
    /// <param name="path">The file; null for the <c>appsettings.json</c> beside the program, if it exists.</param>
    /// <exception cref="CommandException">The file is missing or broken.</exception>
    public static Layer OfFile(string? path)
    {
        if (FileAt(path) is not { } file)
        {
            return path is null
                ? new(new Dictionary<string, string>(), name => name)
                : throw CommandException.BadInput(
                    $"--config: \"{path}\" is not there: a JSON file with a section {Setting.Section}");
        }

        try
        {
            var section = new ConfigurationBuilder().AddJsonFile(file).Build().GetSection(Setting.Section);
            var values = section.AsEnumerable(makePathsRelative: true)
                .Where(pair => pair.Value is not null)
                .ToDictionary(pair => pair.Key, pair => pair.Value!, StringComparer.OrdinalIgnoreCase);
            return new(values, name => $"{file}: {Setting.Section}:{name}");
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            throw CommandException.BadInput($"{file}: not readable as JSON: {(e.InnerException ?? e).Message}");
        }
    }
}
