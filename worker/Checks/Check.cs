namespace Nstance.Temporal.Worker.Checks;

/// <summary>How a check came out.</summary>
internal enum CheckState
{
    Ok, // all is well
    Warning, // it works, but an operator should know
    Failed, // it will not work
    Skipped, // not checked; the detail says why
}

/// <summary>Outcome of one check: a line that says what, where and what to do; the exit code of a failure.</summary>
internal sealed record Check(string Name, CheckState State, string Detail, int Code)
{
    public static Check Ok(string name, string detail) => new(name, CheckState.Ok, detail, ExitCode.Done);

    public static Check Failed(string name, string detail, int code = ExitCode.BadInput) =>
        new(name, CheckState.Failed, detail, code);

    public static Check Failed(string name, Failure failure) =>
        Failed(name, string.Join("; ", failure.Lines), failure.Code);

    public static Check Warning(string name, string detail) => new(name, CheckState.Warning, detail, ExitCode.Done);

    public static Check Skipped(string name, string why) => new(name, CheckState.Skipped, why, ExitCode.Done);
}
