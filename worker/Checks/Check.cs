namespace Nstance.Temporal.Worker.Checks;

/// <summary>How a check came out.</summary>
internal enum CheckState
{
    /// <summary>All is well.</summary>
    Ok,

    /// <summary>It works, but an operator should know.</summary>
    Warning,

    /// <summary>It will not work.</summary>
    Failed,

    /// <summary>Not checked; the detail says why.</summary>
    Skipped,
}

/// <summary>Outcome of one check.</summary>
/// <param name="Name">What was checked.</param>
/// <param name="State">How it came out.</param>
/// <param name="Detail">One line: what, where, what to do.</param>
/// <param name="Code">The exit code, if this check stops the program.</param>
internal sealed record Check(string Name, CheckState State, string Detail, int Code)
{
    public static Check Ok(string name, string detail) => new(name, CheckState.Ok, detail, ExitCode.Done);

    public static Check Failed(string name, string detail, int code = ExitCode.BadInput) =>
        new(name, CheckState.Failed, detail, code);

    public static Check Warning(string name, string detail) => new(name, CheckState.Warning, detail, ExitCode.Done);

    public static Check Skipped(string name, string why) => new(name, CheckState.Skipped, why, ExitCode.Done);
}
