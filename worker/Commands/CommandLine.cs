using System.CommandLine;
using System.CommandLine.Invocation;
using Nstance.Temporal.Worker.Options;
using Nstance.Temporal.Worker.Output;

namespace Nstance.Temporal.Worker.Commands;

/// <summary>The tree of commands, and how each is run: one place for exit codes and failures.</summary>
internal sealed class CommandLine
{
    public const string Name = "nstance-gc";

    private readonly SharedOptions _shared = new();
    private readonly Screen _screen;
    private readonly RootCommand _root;

    public CommandLine(Screen screen)
    {
        _screen = screen;
        _root = new("Garbage collector for fleets of nstance, as durable Temporal workflows.");
        foreach (var option in _shared.All)
        {
            _root.Add(option);
        }
    }

    public RootCommand Root => _root;

    /// <summary>Makes a command.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="help">What it does, with an example.</param>
    /// <param name="settings">Settings that are options of it.</param>
    /// <param name="work">What it does; an exit code comes back.</param>
    public Command Make(string name, string help, IEnumerable<Setting> settings, Func<Invocation, Task<int>> work)
    {
        var command = new Command(name, help);
        foreach (var setting in settings.Where(setting => setting.Use != SettingUse.Client))
        {
            command.Add(SharedOptions.OfSetting(setting));
        }

        command.SetAction((parsed, cancellationToken) => RunAsync(parsed, work, cancellationToken));
        return command;
    }

    public async Task<int> InvokeAsync(IReadOnlyList<string> args, CancellationToken cancellationToken)
    {
        var parsed = _root.Parse(args, new() { EnablePosixBundling = false, ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0 && parsed.Action is ParseErrorAction)
        {
            return Report(new(ExitCode.BadInput, ParseFaults.Find(parsed)), args.Contains("json"), trace: null);
        }

        // Signals are the program's own matter: two listeners would race to end the process.
        return await parsed.InvokeAsync(
            new()
            {
                Output = _screen.Output,
                Error = _screen.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            },
            cancellationToken);
    }

    private async Task<int> RunAsync(ParseResult parsed, Func<Invocation, Task<int>> work, CancellationToken cancellationToken)
    {
        var invocation = new Invocation(parsed, _shared, _screen, cancellationToken);
        try
        {
            return await work(invocation);
        }
        catch (Exception e)
        {
            // Expected and unexpected alike: the user gets a line and a code, and the trace only on request.
            return Report(Failure.Of(e), invocation.Json, invocation.Verbose ? e : null);
        }
    }

    private int Report(Failure failure, bool json, Exception? trace)
    {
        foreach (var line in failure.Lines)
        {
            _screen.Error.WriteLine($"{Name}: {line}");
        }

        if (trace is not null)
        {
            _screen.Error.WriteLine(trace);
        }

        if (json)
        {
            _screen.Output.WriteLine(Json.Write(new { error = new { code = failure.Code, messages = failure.Lines } }));
        }

        return failure.Code;
    }
}
