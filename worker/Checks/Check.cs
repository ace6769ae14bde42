namespace Nstance.Temporal.Worker.Checks;

/// <summary>How a check came out.</summary>
internal enum CheckState
{
    /// <summary>All is well.</summary>
    Ok,

    /// <summary>It works, but somebody should know.</summary>
    Warning,

    /// <summary>It will not work.</summary>
    Failed,

    /// <summary>Not looked at; the detail says why.</summary>
    Skipped,
}

/// <summary>Outcome of one check.</summary>
/// <param name="Name">What was looked at.</param>
/// <param name="State">How it came out.</param>
/// <param name="Detail">One line: what, where, what to do.</param>
/// <param name="ExitCode">What the program ends with, if this is what stops it.</param>
internal sealed record Check(string Name, CheckState State, string Detail, int ExitCode = Commands.ExitCode.BadInput)
{
    public static Check Ok(string name, string detail) => new(name, CheckState.Ok, detail, Commands.ExitCode.Done);

    public static Check Failed(string name, string detail, int exitCode = Commands.ExitCode.BadInput) =>
        new(name, CheckState.Failed, detail, exitCode);

    public static Check Warning(string name, string detail) => new(name, CheckState.Warning, detail, Commands.ExitCode.Done);

    public static Check Skipped(string name, string why) => new(name, CheckState.Skipped, why, Commands.ExitCode.Done);
}
