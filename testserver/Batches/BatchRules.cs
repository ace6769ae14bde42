using Nstance.Temporal.TestServer.Binding;
using Temporalio.Api.Batch.V1;
using Temporalio.Api.Common.V1;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.WorkflowService.V1;
using Operation = Temporalio.Api.WorkflowService.V1.StartBatchOperationRequest.OperationOneofCase;

namespace Nstance.Temporal.TestServer.Batches;

/// <summary>What a batch operation must be.</summary>
internal static class BatchRules
{
    /// <summary>Kind of the operation and who asks for it.</summary>
    /// <exception cref="Grpc.Core.RpcException">
    /// INVALID_ARGUMENT names what is missing; UNIMPLEMENTED names an operation.
    /// </exception>
    public static (BatchOperationType Type, string Identity) Check(StartBatchOperationRequest request)
    {
        var targets = (request.VisibilityQuery.Length > 0 ? 1 : 0) + (request.Executions.Count > 0 ? 1 : 0)
            + (request.TargetExecutions.Count > 0 ? 1 : 0);
        if (request.OperationCase == Operation.None
            || request.Reason.Length == 0
            || request.Namespace.Length == 0
            || targets == 0)
        {
            throw Fault.InvalidArgument(
                "must provide required parameters: BatchType,Reason,Namespace, "
                + "AND one of (Query OR Executions OR TargetExecutions)");
        }
        if (request.JobId.Length == 0)
            throw Fault.InvalidArgument("JobId is not set on request.");
        if (targets > 1)
            throw Fault.InvalidArgument("visibility query, executions, and target executions are mutually exclusive");
        return request.OperationCase switch
        {
            Operation.TerminationOperation => (BatchOperationType.Terminate, request.TerminationOperation.Identity),
            Operation.CancellationOperation => (BatchOperationType.Cancel, request.CancellationOperation.Identity),
            Operation.SignalOperation when request.SignalOperation.Signal.Length > 0 =>
                (BatchOperationType.Signal, request.SignalOperation.Identity),
            Operation.SignalOperation => throw Fault.InvalidArgument("must provide signal name"),
            Operation.DeletionOperation => (BatchOperationType.Delete, request.DeletionOperation.Identity),
            Operation.ResetOperation => (BatchOperationType.Reset, Checked(request.ResetOperation).Identity),
            _ => throw Fault.Unimplemented($"batch operation {request.OperationCase}"),
        };
    }

    private static BatchOperationReset Checked(BatchOperationReset reset)
    {
        if (reset.Options is { TargetCase: ResetOptions.TargetOneofCase.None })
            throw Fault.InvalidArgument("batch reset missing target");
        if (reset.Options == null && reset.ResetType is not (ResetType.FirstWorkflowTask or ResetType.LastWorkflowTask))
            throw Fault.InvalidArgument($"unknown batch reset type {reset.ResetType}");
        return reset.PostResetOperations.Count == 0 ? reset : throw Fault.Unimplemented("post reset operations");
    }
}
