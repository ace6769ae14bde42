using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Temporalio.Api.Common.V1;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.ErrorDetails.V1;
using Temporalio.Api.Failure.V1;

namespace Nstance.Temporal.TestServer.Binding;

/// <summary>The status codes and details of the real server. SDKs decide by them, so both must match.</summary>
internal static class Fault
{
    public static RpcException NotFound(string message) => With(StatusCode.NotFound, message, new NotFoundFailure());

    public static RpcException RunNotFound(string workflowId) =>
        NotFound($"workflow not found for ID: {workflowId}");

    public static RpcException NamespaceNotFound(string name) =>
        With(StatusCode.NotFound, $"Namespace {name} is not found.", new NamespaceNotFoundFailure { Namespace = name });

    public static RpcException InvalidArgument(string message) => With(StatusCode.InvalidArgument, message);

    public static RpcException FailedPrecondition(string message, IMessage? detail = null) =>
        With(StatusCode.FailedPrecondition, message, detail);

    public static RpcException AlreadyExists(string message, IMessage? detail = null) =>
        With(StatusCode.AlreadyExists, message, detail);

    public static RpcException Unavailable(string message) => With(StatusCode.Unavailable, message);

    public static RpcException Unimplemented(string what) =>
        With(StatusCode.Unimplemented, $"{what} is not supported by this test server");

    public static RpcException AlreadyStarted(string runId, string requestId, string firstRunId) =>
        With(
            StatusCode.AlreadyExists,
            "Workflow execution is already running. WorkflowId and RunId are in the details.",
            new WorkflowExecutionAlreadyStartedFailure
            {
                RunId = runId,
                StartRequestId = requestId,
                FirstExecutionRunId = firstRunId,
            });

    public static RpcException Exhausted(string message, ResourceExhaustedCause cause) =>
        With(
            StatusCode.ResourceExhausted,
            message,
            new ResourceExhaustedFailure { Cause = cause, Scope = ResourceExhaustedScope.Namespace });

    public static RpcException QueryFailed(string message, Failure? failure) =>
        With(StatusCode.InvalidArgument, message, new QueryFailedFailure { Failure = failure });

    public static RpcException With(StatusCode code, string message, IMessage? detail = null)
    {
        var status = new GrpcStatus { Code = (int)code, Message = message };
        if (detail != null)
            status.Details.Add(Any.Pack(detail));
        var trailers = new Metadata { { "grpc-status-details-bin", status.ToByteArray() } };
        return new(new(code, message), trailers, message);
    }
}
