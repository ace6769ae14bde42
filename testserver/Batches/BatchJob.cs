using Google.Protobuf.WellKnownTypes;
using Nstance.Temporal.TestServer.Clock;
using Temporalio.Api.Batch.V1;
using Temporalio.Api.Common.V1;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.WorkflowService.V1;

namespace Nstance.Temporal.TestServer.Batches;

/// <summary>
/// One batch operation: its request, what is left to do, and what was done. Used under the engine's lock.
/// </summary>
internal sealed class BatchJob(
    StartBatchOperationRequest request, string identity, BatchOperationType type, DateTimeOffset start)
{
    public StartBatchOperationRequest Request { get; } = request;

    public string Id => Request.JobId;

    public DateTimeOffset StartTime { get; } = start;

    public DateTimeOffset? CloseTime { get; set; }

    public BatchOperationState State { get; set; } = BatchOperationState.Running;

    public Queue<WorkflowExecution> Left { get; } = new();

    public long Done { get; set; }

    public long Failed { get; set; }

    /// <summary>Rings for the next execution; null before the first and after the last.</summary>
    public Alarm? Next { get; set; }

    public BatchOperationInfo Info() => new()
    {
        JobId = Id,
        State = State,
        StartTime = Timestamp.FromDateTimeOffset(StartTime),
        CloseTime = CloseTime is { } closed ? Timestamp.FromDateTimeOffset(closed) : null,
        OperationType = type,
    };

    public DescribeBatchOperationResponse Describe() => new()
    {
        JobId = Id,
        OperationType = type,
        State = State,
        StartTime = Timestamp.FromDateTimeOffset(StartTime),
        CloseTime = CloseTime is { } closed ? Timestamp.FromDateTimeOffset(closed) : null,
        TotalOperationCount = Done + Failed + Left.Count,
        CompleteOperationCount = Done,
        FailureOperationCount = Failed,
        Identity = identity,
        Reason = Request.Reason,
        Query = Request.VisibilityQuery,
        Executions = { Executions() },
    };

    private IEnumerable<Execution> Executions() => Request.TargetExecutions.Count > 0
        ? Request.TargetExecutions
        : Request.Executions.Select(each => new Execution
        {
            Type = ExecutionType.Workflow,
            BusinessId = each.WorkflowId,
            RunId = each.RunId,
        });
}
