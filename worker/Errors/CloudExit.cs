using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Worker.Errors;

/// <summary>Exit codes of AWS's faults.</summary>
internal static class CloudExit
{
    /// <summary>Faults that end by themselves: a role gets its next credentials, a clock is set.</summary>
    private static readonly string[] Passing =
    [
        "ExpiredToken", "ExpiredTokenException", "RequestExpired", "RequestTimeTooSkewed", "TokenRefreshRequired",
    ];

    /// <summary>
    /// Returns 3 for a fault that may pass, so that systemd starts the worker again, and 2 for one that a person must
    /// mend. An answer without an AWS code came from a proxy, or no credentials were found yet.
    /// </summary>
    public static int CodeOf(CloudException e) =>
        e.WorthRetrying || e.Code is null || Passing.Contains(e.Code) ? ExitCode.Unreachable : ExitCode.BadInput;
}
