using Amazon.Runtime;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Worker.Errors;

/// <summary>An exception as the user reads it, one line for each fault, and the exit code.</summary>
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

        // Before any call: no credentials, a broken profile.
        AmazonClientException e when e.Message.Contains("credentials", StringComparison.OrdinalIgnoreCase) => new(
            ExitCode.Unreachable,
            "no usable AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or a role"),
        AmazonClientException e => new(
            ExitCode.BadInput, $"AWS: {FirstLine(e.Message)}: check AWS_REGION, AWS_PROFILE and the AWS files"),
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

    /// <summary>Returns true if the server says that it has no such namespace.</summary>
    public static bool IsOfNamespace(string message) =>
        message.StartsWith("Namespace ", StringComparison.OrdinalIgnoreCase);

    private static Failure OfRpc(RpcException.StatusCode code, string message) => code switch
    {
        RpcException.StatusCode.NotFound when IsOfNamespace(message) => new(
            ExitCode.NotFound,
            $"Temporal: {message}: check --namespace or TEMPORAL_NAMESPACE, or make it: temporal operator namespace "
            + $"create --namespace {message.Split(' ')[1]} --retention 3d"),
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
