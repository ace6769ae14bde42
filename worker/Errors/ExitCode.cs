namespace Nstance.Temporal.Worker.Errors;

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
