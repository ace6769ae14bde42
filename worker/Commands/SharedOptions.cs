using System.CommandLine;
using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Worker.Commands;

/// <summary>The options that every command takes. One set for each parse: System.CommandLine ties them to their tree.</summary>
internal sealed class SharedOptions
{
    public Option<string?> Address { get; } = new("--address")
    {
        Description = "Temporal's address (else TEMPORAL_ADDRESS, else localhost:7233)",
        HelpName = "HOST:PORT",
        Recursive = true,
    };

    public Option<string?> Namespace { get; } = new("--namespace")
    {
        Description = "Temporal's namespace (else TEMPORAL_NAMESPACE, else default)",
        HelpName = "NAME",
        Recursive = true,
    };

    public Option<string?> Config { get; } = new("--config")
    {
        Description = "Settings file, instead of the appsettings.json beside the program",
        HelpName = "FILE",
        Recursive = true,
    };

    public Option<string> Output { get; } = new("--output", "-o")
    {
        Description = "How results are written",
        HelpName = "text|json",
        Recursive = true,
        DefaultValueFactory = _ => "text",
    };

    public Option<bool> Verbose { get; } = new("--verbose")
    {
        Description = "Debug log, and stack traces of failures",
        Recursive = true,
    };

    public Option<string?> ConnectTimeout { get; } = OfSetting(Settings.Get(nameof(GcOptions.ConnectTimeout)), recursive: true);

    public Option<string?> PayloadKeyFile { get; } = OfSetting(Settings.Get(nameof(GcOptions.PayloadKeyFile)), recursive: true);

    public SharedOptions() =>
        Output.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && result.Tokens[0].Value is not ("text" or "json"))
            {
                result.AddError($"--output: \"{result.Tokens[0].Value}\" is not known: text or json");
            }
        });

    public IReadOnlyList<Option> All => [Address, Namespace, Config, Output, Verbose, PayloadKeyFile, ConnectTimeout];

    /// <summary>An option for a setting. It stays text here: the reader of all sources parses it.</summary>
    public static Option<string?> OfSetting(Setting setting, bool recursive = false) => new(setting.Option)
    {
        Description = setting.Default == "none" ? setting.Help : $"{setting.Help} [default: {setting.Default}]",
        HelpName = setting.Value,
        Recursive = recursive,
        Arity = setting.Type == typeof(bool) ? ArgumentArity.ZeroOrOne : ArgumentArity.ExactlyOne,
    };
}
