using System.CommandLine.Parsing;
using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Worker.Options;
using Nstance.Temporal.Worker.Output;
using Nstance.Temporal.Worker.Security;

namespace Nstance.Temporal.Worker.Commands;

/// <summary>One call of a command: its options, and where to write.</summary>
internal sealed class Invocation(
    ParseResult parsed, SharedOptions shared, Screen screen, CancellationToken cancellationToken)
{
    /// <summary>Maximum time for one call of a command to AWS.</summary>
    public static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(30);

    private readonly List<string> _faults = [];

    public Screen Screen { get; } = screen;

    public CancellationToken CancellationToken { get; } = cancellationToken;

    public RpcOptions Rpc => new() { CancellationToken = CancellationToken };

    public bool IsJson => Get(shared.Output) == "json";

    /// <summary>True: rows may be longer than a terminal.</summary>
    public bool IsWide => Get(shared.Output) == "wide";

    public bool Verbose => Get(shared.Verbose);

    public string? ConfigFile => Get(shared.Config);

    public T Get<T>(Option<T> option) => parsed.GetValue(option)!;

    public T Get<T>(Argument<T> argument) => parsed.GetValue(argument)!;

    /// <summary>Notes a fault of an option; <see cref="Read"/> reports it with all others.</summary>
    public void Fault(Option option, string what) => _faults.Add($"{option.Name}: {what}");

    /// <summary>Reads all sources of settings; faults are kept.</summary>
    public ReadOptions ReadAll(params IReadOnlyList<string> required)
    {
        var values = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var setting in Settings.All)
        {
            // An option that the command does not have gives no result.
            if (parsed.GetResult(setting.Option) is OptionResult { Implicit: false } result)
                values[setting.Name] = result.Tokens.Count == 0 ? "on" : result.Tokens[^1].Value;
        }

        var environment = Layer.OfEnvironment(Environment.GetEnvironmentVariables());
        return OptionReader.Read([Layer.OfFile(ConfigFile), environment, Layer.OfCommandLine(values)], required);
    }

    /// <summary>Reads all sources of settings.</summary>
    /// <exception cref="CommandException">There are faults; it holds all of them.</exception>
    public GcOptions Read(params IReadOnlyList<string> required) => ReadGiven(required).Options;

    /// <summary>Reads all sources of settings, and which settings they name.</summary>
    /// <exception cref="CommandException">There are faults; it holds all of them.</exception>
    public ReadOptions ReadGiven(params IReadOnlyList<string> required)
    {
        var read = ReadAll(required);
        List<string> faults = [.. read.Faults, .. _faults];
        return faults.Count == 0 ? read : throw new CommandException(ExitCode.BadInput, faults);
    }

    public Task<TemporalClient> ConnectAsync(GcOptions options) => TemporalConnector.ConnectAsync(
        Get(shared.Address),
        Get(shared.Namespace),
        PayloadKeys.Load(options.PayloadKeyFile, Environment.GetEnvironmentVariable),
        options.ConnectTimeout,
        CancellationToken);

    /// <summary>Reads the settings and connects to the shard's collector.</summary>
    public async Task<Collector> CollectorAsync()
    {
        var options = Read("Cluster", "Shard");
        return new(await ConnectAsync(options), options.Cluster!, options.Shard!, CancellationToken);
    }

    /// <summary>
    /// Sends an update to the shard's collector. Writes what it changed and what to do next, in at most five lines; in
    /// JSON the status after it.
    /// </summary>
    public async Task SteerAsync(
        Func<Collector, Task<GcStatus>> send, Func<GcStatus, string, IReadOnlyList<string>> tell)
    {
        var collector = await CollectorAsync();
        var status = await send(collector);
        Write(status, screen => ChangeText.Write(screen, tell(status, collector.Named)));
    }

    /// <summary>Writes the result: as one JSON object, or as text for people.</summary>
    public void Write<T>(T result, Action<Screen> text)
    {
        if (IsJson) Screen.Output.WriteLine(Json.Write(result));
        else text(Screen);
    }

    /// <summary>Writes one line for people, beside the result.</summary>
    public void Note(string line) => Screen.Error.WriteLine(line);
}
