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
    /// <param name="error">Gets each fault as one line. The log of <c>run</c> goes to the process's stderr.</param>
    /// <param name="cancellationToken">Ends <c>run</c> gracefully (exit code 0), and anything else with 130.</param>
    /// <returns>The exit code; <c>docs/configuration.md</c> lists them.</returns>
    public static Task<int> RunAsync(
        IReadOnlyList<string> args, TextWriter output, TextWriter error, CancellationToken cancellationToken) =>
        Line(output, error).InvokeAsync(args, cancellationToken);

    /// <summary>The tree of commands.</summary>
    internal static CommandLine Line(
        TextWriter output, TextWriter error, int? width = null, Func<string?>? answer = null)
    {
        var line = new CommandLine(new(output, error, width, answer));
        Func<CommandLine, Command>[] commands =
        [
            SetupCommands.MakeInit, RunCommand.Make, DoctorCommand.Make, StatusCommand.Make, ReportsCommand.Make,
            CycleCommand.Make, PauseCommands.MakePause, PauseCommands.MakeResume, PlanCommand.Make,
            ExplainCommand.Make, QuarantineCommands.MakeQuarantine, QuarantineCommands.MakeRelease,
            tree => ModeCommands.Make(tree, dryRun: false), tree => ModeCommands.Make(tree, dryRun: true),
            ScheduleCommand.Make, ConfigCommand.Make, CompletionCommand.Make, ReplayCommand.Make,
        ];
        foreach (var make in commands) line.Root.Add(make(line));
        return line;
    }
}
