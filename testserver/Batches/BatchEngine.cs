using Grpc.Core;
using Nstance.Temporal.TestServer.Binding;
using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Resets;
using Nstance.Temporal.TestServer.Runs;
using Temporalio.Api.Batch.V1;
using Temporalio.Api.Common.V1;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.WorkflowService.V1;
using Operation = Temporalio.Api.WorkflowService.V1.StartBatchOperationRequest.OperationOneofCase;

namespace Nstance.Temporal.TestServer.Batches;

/// <summary>
/// Carries batch operations out, one execution after the other, at their rate. Needs the engine's lock.
/// </summary>
internal sealed class BatchEngine(ServerEngine engine)
{
    // The real server's.
    private const double DefaultRate = 50;

    /// <summary>Takes the next execution of a job, and sets the alarm for the one after it.</summary>
    public void Step(BatchJob job)
    {
        job.Next = null;
        if (job.State != BatchOperationState.Running)
            return;
        if (!job.Left.TryDequeue(out var execution))
        {
            Close(job, BatchOperationState.Completed);
            return;
        }
        try
        {
            CarryOut(job.Request, execution);
            job.Done++;
        }
        catch (RpcException)
        {
            // The count of failures is all that the real server tells.
            job.Failed++;
        }
        var rate = job.Request.MaxOperationsPerSecond > 0 ? job.Request.MaxOperationsPerSecond : DefaultRate;
        job.Next = engine.Clock.Add(engine.Clock.Now + TimeSpan.FromSeconds(1 / rate), () => Step(job));
    }

    public void Close(BatchJob job, BatchOperationState state)
    {
        job.Next?.Cancel();
        job.Next = null;
        job.State = state;
        job.CloseTime = engine.Clock.Now;
    }

    private void CarryOut(StartBatchOperationRequest request, WorkflowExecution execution)
    {
        var run = engine.Runs.Get(request.Namespace, execution);
        switch (request.OperationCase)
        {
            case Operation.TerminationOperation:
                engine.Lifecycle.Terminate(
                    Open(run),
                    request.Reason,
                    request.TerminationOperation.Details,
                    request.TerminationOperation.Identity);
                break;
            case Operation.CancellationOperation:
                engine.Lifecycle.RequestCancel(run, request.Reason, request.CancellationOperation.Identity);
                break;
            case Operation.SignalOperation:
                var signal = request.SignalOperation;
                engine.Lifecycle.Signal(
                    Open(run), signal.Signal, signal.Input, signal.Header, signal.Identity, Guid.NewGuid().ToString());
                break;
            case Operation.DeletionOperation:
                engine.Lifecycle.Delete(run);
                break;
            default:
                Reset(run, request.ResetOperation, request.Reason);
                break;
        }
    }

    private static WorkflowRun Open(WorkflowRun run) =>
        run.IsOpen ? run : throw Fault.NotFound("workflow execution already completed");

    private void Reset(WorkflowRun run, BatchOperationReset reset, string reason)
    {
        var options = reset.Options ?? new();
        var finish = options.TargetCase switch
        {
            ResetOptions.TargetOneofCase.WorkflowTaskId => options.WorkflowTaskId,
            ResetOptions.TargetOneofCase.FirstWorkflowTask => ResetTargets.First(run),
            ResetOptions.TargetOneofCase.LastWorkflowTask => ResetTargets.Last(run),
            ResetOptions.TargetOneofCase.BuildId => ResetTargets.Build(ref run, options, engine),
            _ => reset.ResetType == ResetType.FirstWorkflowTask ? ResetTargets.First(run) : ResetTargets.Last(run),
        };
        var excluded = ResetRpcs.Excluded(
            options.ResetReapplyExcludeTypes, reset.Options == null
                ? reset.ResetReapplyType
                : options.ResetReapplyType);
        engine.Resetter.Reset(run, finish, reason, excluded);
    }
}
