using Nstance.Temporal.Worker.Hosting;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Worker.Commands;

/// <summary>What went wrong, in plain words, and the exit code.</summary>
/// <param name="Code">Exit code.</param>
/// <param name="Lines">One line each.</param>
internal sealed record Failure(int Code, IReadOnlyList<string> Lines)
{
    private Failure(int code, string line)
        : this(code, [line])
    {
    }

    public static Failure Of(Exception exception) => exception switch
    {
        CommandException e => new(e.Code, e.Lines),
        OperationCanceledException => new(ExitCode.Interrupted, "interrupted"),
        WorkflowUpdateFailedException { InnerException: ApplicationFailureException e } =>
            new(ExitCode.Refused, TemporalConnector.FirstLine(e.Message)),
        WorkflowUpdateFailedException e => new(ExitCode.Failed, $"the collector failed: {TemporalConnector.FirstLine((e.InnerException ?? e).Message)}"),
        WorkflowUpdateRpcTimeoutOrCanceledException or RpcTimeoutOrCanceledException => new(ExitCode.Unreachable, NoAnswer),
        WorkflowQueryFailedException e => new(ExitCode.Failed, $"the collector could not answer: {TemporalConnector.FirstLine(e.Message)}"),
        RpcException e => OfRpc(e),
        _ => new(ExitCode.Failed, $"{exception.GetType().Name}: {TemporalConnector.FirstLine(exception.Message)} (--verbose shows where)"),
    };

    public const string NoAnswer = "no answer in time: is a worker running (nstance-gc run) on this Temporal and namespace?";

    private static Failure OfRpc(RpcException e)
    {
        var message = TemporalConnector.FirstLine(e.Message);
        return e.Code switch
        {
            RpcException.StatusCode.NotFound => new(ExitCode.NotFound, $"Temporal: not found: {message}"),
            RpcException.StatusCode.DeadlineExceeded or RpcException.StatusCode.Cancelled => new(ExitCode.Unreachable, NoAnswer),
            RpcException.StatusCode.FailedPrecondition when message.Contains("no poller seen", StringComparison.Ordinal) =>
                new(ExitCode.Unreachable, NoAnswer),
            RpcException.StatusCode.Unavailable => new(ExitCode.Unreachable, $"Temporal cannot be reached: {message}"),
            RpcException.StatusCode.PermissionDenied or RpcException.StatusCode.Unauthenticated =>
                new(ExitCode.BadInput, $"Temporal {ConnectFault.Refusal(message)}"),
            _ => new(ExitCode.Failed, $"Temporal: {e.Code}: {message}"),
        };
    }
}
