using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Worker.Commands;

/// <summary>The options of every command. One set for each parse: System.CommandLine ties them to their tree.</summary>
internal sealed class SharedOptions
{
    public SharedOptions() => Output.Validators.Add(result =>
    {
        if (result.Tokens is [{ Value: not ("text" or "wide" or "json") } token])
            result.AddError($"--output: \"{token.Value}\" is not known: text, wide or json");
    });

    public Option<string?> Address { get; } =
        Text("--address", "HOST:PORT", "Temporal's address (else TEMPORAL_ADDRESS, else localhost:7233)");

    public Option<string?> Namespace { get; } =
        Text("--namespace", "NAME", "Temporal's namespace (else TEMPORAL_NAMESPACE, else default)");

    public Option<string?> Config { get; } =
        Text("--config", "FILE", "Settings file, instead of the appsettings.json beside the program");

    public Option<string> Output { get; } = new("--output", "-o")
    {
        Description = "How results are written",
        HelpName = "text|wide|json",
        Recursive = true,
        DefaultValueFactory = _ => "text",
    };

    public Option<bool> Verbose { get; } =
        new("--verbose") { Description = "Debug log, and stack traces of failures", Recursive = true };

    /// <summary>Those above, and the settings that concern every connection to Temporal.</summary>
    public IReadOnlyList<Option> All =>
    [
        Address, Namespace, Config, Output, Verbose,
        .. Settings.Of(SettingUse.Client).Select(setting => OfSetting(setting, recursive: true)),
    ];

    /// <summary>Makes an option for a setting. It stays text: the reader of all sources parses it.</summary>
    public static Option<string?> OfSetting(Setting setting, bool recursive = false) => new(setting.Option)
    {
        Description = setting.Default == "none" ? setting.Help : $"{setting.Help} [default: {setting.Default}]",
        HelpName = setting.Value,
        Recursive = recursive,
        Arity = setting.Type == typeof(bool) ? ArgumentArity.ZeroOrOne : ArgumentArity.ExactlyOne,
    };

    private static Option<string?> Text(string name, string placeholder, string description) =>
        new(name) { Description = description, HelpName = placeholder, Recursive = true };
}
