using System.CommandLine.Invocation;
using Nstance.Temporal.Worker.Output;

namespace Nstance.Temporal.Worker.Commands;

/// <summary>The tree of commands, and how each is run: one place for exit codes and failures.</summary>
internal sealed class CommandLine
{
    public const string Name = "nstance-gc";

    private readonly SharedOptions _shared = new();
    private readonly Screen _screen;

    public CommandLine(Screen screen)
    {
        _screen = screen;
        foreach (var option in _shared.All) Root.Add(option);
    }

    public RootCommand Root { get; } = new("Garbage collector for fleets of nstance, as durable Temporal workflows.");

    /// <summary>Makes a command with options and arguments; <paramref name="work"/> returns the exit code.</summary>
    public Command Make(string name, string help, IEnumerable<Symbol> own, Func<Invocation, Task<int>> work)
    {
        var command = new Command(name, help);
        foreach (var symbol in own)
        {
            if (symbol is Option option) command.Add(option);
            else command.Add((Argument)symbol);
        }

        command.SetAction((parsed, cancellationToken) => RunAsync(parsed, work, cancellationToken));
        return command;
    }

    /// <summary>Makes a command that succeeds unless it throws.</summary>
    public Command Make(string name, string help, IEnumerable<Symbol> own, Func<Invocation, Task> work) =>
        Make(name, help, own, async invocation =>
        {
            await work(invocation);
            return ExitCode.Done;
        });

    public async Task<int> InvokeAsync(IReadOnlyList<string> args, CancellationToken cancellationToken)
    {
        var parsed = Root.Parse(args, new() { EnablePosixBundling = false, ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0 && parsed.Action is ParseErrorAction)
            return Report(new(ExitCode.BadInput, ParseFaults.Find(parsed)), args.Contains("json"), trace: null);
        var configuration = new InvocationConfiguration
        {
            Output = _screen.Output,
            Error = _screen.Error,
            EnableDefaultExceptionHandler = false,

            // The program handles signals: two listeners would race to end the process.
            ProcessTerminationTimeout = null,
        };
        return await parsed.InvokeAsync(configuration, cancellationToken);
    }

    private async Task<int> RunAsync(
        ParseResult parsed, Func<Invocation, Task<int>> work, CancellationToken cancellationToken)
    {
        var invocation = new Invocation(parsed, _shared, _screen, cancellationToken);
        try
        {
            return await work(invocation);
        }
        catch (Exception e)
        {
            // Expected and unexpected alike: the user gets a line and a code, and the trace only on request.
            return Report(Failure.Of(e), invocation.IsJson, invocation.Verbose ? e : null);
        }
    }

    private int Report(Failure failure, bool json, Exception? trace)
    {
        foreach (var line in failure.Lines) _screen.Error.WriteLine($"{Name}: {line}");
        if (trace is not null) _screen.Error.WriteLine(trace);
        if (json)
            _screen.Output.WriteLine(Json.Write(new { error = new { code = failure.Code, messages = failure.Lines } }));
        return failure.Code;
    }
}
