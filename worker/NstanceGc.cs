using Nstance.Temporal.Worker.Commands;

namespace Nstance.Temporal.Worker;

/// <summary>The program <c>nstance-gc</c> as a function, so that it can also run inside another process.</summary>
public static class NstanceGc
{
    /// <summary>
    /// Runs one command. Settings come from <paramref name="args"/>, the process's environment and
    /// <c>appsettings.json</c>. Never throws for an expected failure.
    /// </summary>
    /// <param name="args">The command line without the program's name.</param>
    /// <param name="output">Gets results, and nothing else.</param>
    /// <param name="error">Gets what went wrong, one line each. The log of <c>run</c> goes to the process's stderr.</param>
    /// <param name="cancellationToken">Ends <c>run</c> gracefully (exit code 0), and anything else with 130.</param>
    /// <returns>The exit code; <c>docs/configuration.md</c> lists them.</returns>
    public static Task<int> RunAsync(
        IReadOnlyList<string> args, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        return Line(output, error).InvokeAsync(args, cancellationToken);
    }

    /// <summary>The tree of commands.</summary>
    internal static CommandLine Line(TextWriter output, TextWriter error)
    {
        var line = new CommandLine(new(output, error));
        foreach (var command in (System.CommandLine.Command[])
            [
                InitCommand.Make(line),
                RunCommand.Make(line),
                DoctorCommand.Make(line),
                StatusCommand.Make(line),
                ReportsCommand.Make(line),
                CycleCommand.Make(line),
                PauseCommands.MakePause(line),
                PauseCommands.MakeResume(line),
                PlanCommand.Make(line),
                ExplainCommand.Make(line),
                ReleaseCommand.Make(line),
                ModeCommands.MakeEnforce(line),
                ModeCommands.MakeDryRun(line),
                ScheduleCommand.Make(line),
                ConfigCommand.Make(line),
                CompletionCommand.Make(line),
                ReplayCommand.Make(line),
            ])
        {
            line.Root.Add(command);
        }

        return line;
    }
}
