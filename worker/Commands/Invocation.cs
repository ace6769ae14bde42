using System.CommandLine;
using System.CommandLine.Parsing;
using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Worker.Options;
using Nstance.Temporal.Worker.Output;
using Nstance.Temporal.Worker.Security;
using Temporalio.Client;

namespace Nstance.Temporal.Worker.Commands;

/// <summary>One call of a command: what was asked, and where to write.</summary>
internal sealed class Invocation(
    ParseResult parsed, SharedOptions shared, Screen screen, CancellationToken cancellationToken)
{
    public ParseResult Parsed { get; } = parsed;

    public Screen Screen { get; } = screen;

    public CancellationToken CancellationToken { get; } = cancellationToken;

    public bool Json => Parsed.GetValue(shared.Output) == "json";

    public bool Verbose => Parsed.GetValue(shared.Verbose);

    public string? ConfigFile => Parsed.GetValue(shared.Config);

    /// <summary>Where Temporal is, from the command line; null: from <c>TEMPORAL_*</c> and Temporal's own file.</summary>
    public string? Address => Parsed.GetValue(shared.Address);

    public string? Namespace => Parsed.GetValue(shared.Namespace);

    /// <summary>Reads all sources of settings; faults are kept.</summary>
    public ReadOptions ReadAll(params IReadOnlyList<string> required)
    {
        var values = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var setting in Settings.All)
        {
            // An option that the command does not have gives no result.
            if (Parsed.GetResult(setting.Option) is OptionResult { Implicit: false } result)
            {
                values[setting.Name] = result.Tokens.Count == 0 ? "on" : result.Tokens[^1].Value;
            }
        }

        Layer[] layers =
        [
            Layer.OfFile(ConfigFile),
            Layer.OfEnvironment(Environment.GetEnvironmentVariables()),
            Layer.OfCommandLine(values),
        ];
        return OptionReader.Read(layers, required);
    }

    /// <summary>Reads all sources of settings.</summary>
    /// <exception cref="CommandException">There are faults; it holds all of them.</exception>
    public GcOptions Read(params IReadOnlyList<string> required)
    {
        var read = ReadAll(required);
        return read.Faults.Count == 0 ? read.Options : throw new CommandException(ExitCode.BadInput, read.Faults);
    }

    public Task<TemporalClient> ConnectAsync(GcOptions options) =>
        TemporalConnector.ConnectAsync(
            Address, Namespace, PayloadKeys.Load(options.PayloadKeyFile, Environment.GetEnvironmentVariable), options.ConnectTimeout,
            CancellationToken);

    /// <summary>Writes the result: as one JSON object, or as people like it.</summary>
    public void Write<T>(T result, Action<Screen> text)
    {
        if (Json)
        {
            Screen.Output.WriteLine(Output.Json.Write(result));
        }
        else
        {
            text(Screen);
        }
    }

    /// <summary>One line for people that is no result.</summary>
    public void Note(string line) => Screen.Error.WriteLine(line);
}
