namespace Nstance.Temporal.Worker.Errors;

/// <summary>An expected failure: what the user reads, and the exit code. Never shown with a stack trace.</summary>
internal sealed class CommandException(int code, IReadOnlyList<string> lines, Exception? inner = null)
    : Exception(string.Join('\n', lines), inner)
{
    public CommandException(int code, string line, Exception? inner = null)
        : this(code, [line], inner)
    {
    }

    public int Code { get; } = code;

    public IReadOnlyList<string> Lines { get; } = lines;

    /// <summary>Makes the failure of a wrong setting, option or file.</summary>
    public static CommandException BadInput(string line, Exception? inner = null) =>
        new(ExitCode.BadInput, line, inner);
}

/// <summary>Exit codes of <c>nstance-gc</c>; <c>docs/configuration.md</c> promises them.</summary>
internal static class ExitCode
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int BadInput = 2;
    public const int Unreachable = 3;
    public const int NotFound = 4;
    public const int Refused = 5;
    public const int Interrupted = 130;
}
