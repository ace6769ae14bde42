using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Worker.Errors;

/// <summary>An exception as the user reads it, and the exit code.</summary>
/// <param name="Code">Exit code.</param>
/// <param name="Lines">One line for each fault.</param>
internal sealed record Failure(int Code, IReadOnlyList<string> Lines)
{
    public const string NoAnswer =
        "no answer in time: is a worker running (nstance-gc run) on this Temporal and namespace?";

    /// <summary>Faults of AWS that end by themselves: a role gets its next credentials, a clock is set.</summary>
    private static readonly string[] Passing =
    [
        "ExpiredToken", "ExpiredTokenException", "RequestExpired", "RequestTimeTooSkewed", "TokenRefreshRequired",
    ];

    private Failure(int code, string line)
        : this(code, [line])
    {
    }

    public static Failure Of(Exception exception) => exception switch
    {
        CommandException e => new(e.Code, e.Lines),
        OperationCanceledException => new(ExitCode.Interrupted, "interrupted"),
        WorkflowUpdateFailedException { InnerException: ApplicationFailureException e } =>
            new(ExitCode.Refused, FirstLine(e.Message)),
        WorkflowUpdateFailedException e =>
            new(ExitCode.Failed, $"the collector failed: {FirstLine((e.InnerException ?? e).Message)}"),
        WorkflowUpdateRpcTimeoutOrCanceledException or RpcTimeoutOrCanceledException =>
            new(ExitCode.Unreachable, NoAnswer),
        WorkflowQueryFailedException e =>
            new(ExitCode.Failed, $"the collector could not answer: {FirstLine(e.Message)}"),
        RpcException e => OfRpc(e.Code, FirstLine(e.Message)),
        CloudException e => new(CodeOf(e), FirstLine(e.Message)),
        _ => new(
            ExitCode.Failed,
            $"{exception.GetType().Name}: {FirstLine(exception.Message)} (--verbose shows where)"),
    };

    /// <summary>
    /// Returns 3 for a fault that may pass, so that systemd starts the worker again, and 2 for one that a person must
    /// correct. An answer without an AWS code came from a proxy, or no credentials were found yet.
    /// </summary>
    public static int CodeOf(CloudException e) =>
        e.WorthRetrying || e.Code is null || Passing.Contains(e.Code) ? ExitCode.Unreachable : ExitCode.BadInput;

    /// <summary>Returns the first line of a message, without the period at its end.</summary>
    public static string FirstLine(string message) => message.Split('\n')[0].Trim().TrimEnd('.');

    private static Failure OfRpc(RpcException.StatusCode code, string message) => code switch
    {
        RpcException.StatusCode.NotFound when message.StartsWith("Namespace ", StringComparison.OrdinalIgnoreCase) =>
            new(
                ExitCode.NotFound,
                $"Temporal: {message}: check --namespace or TEMPORAL_NAMESPACE, "
                + "or make it with temporal operator namespace create"),
        RpcException.StatusCode.NotFound => new(ExitCode.NotFound, $"Temporal: not found: {message}"),
        RpcException.StatusCode.DeadlineExceeded or RpcException.StatusCode.Cancelled =>
            new(ExitCode.Unreachable, NoAnswer),
        RpcException.StatusCode.FailedPrecondition
            when message.Contains("no poller seen", StringComparison.Ordinal) => new(ExitCode.Unreachable, NoAnswer),
        RpcException.StatusCode.Unavailable =>
            new(ExitCode.Unreachable, $"Temporal cannot be reached: {ConnectFault.Plain(message)}"),
        RpcException.StatusCode.PermissionDenied or RpcException.StatusCode.Unauthenticated =>
            new(ExitCode.BadInput, $"Temporal {ConnectFault.Refusal(message)}"),
        _ => new(ExitCode.Failed, $"Temporal: {code}: {message}"),
    };
}
