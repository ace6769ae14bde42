using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Nstance.Temporal.TestServer.Binding;
using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Lifecycle;
using Nstance.Temporal.TestServer.Runs;
using Temporalio.Api.Common.V1;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.ErrorDetails.V1;
using Temporalio.Api.Failure.V1;
using Temporalio.Api.Update.V1;
using Temporalio.Api.WorkflowService.V1;

namespace Nstance.Temporal.TestServer.Updates;

/// <summary>The RPCs of updates, alone and together with a start.</summary>
internal sealed class UpdateRpcs
{
    // The real server's long poll for updates.
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(20);

    private readonly ServerEngine _engine;

    public UpdateRpcs(ServerEngine engine)
    {
        _engine = engine;
        engine.Rpc.Add<UpdateWorkflowExecutionRequest, UpdateWorkflowExecutionResponse>(
            "UpdateWorkflowExecution", Update);
        engine.Rpc.Add<PollWorkflowExecutionUpdateRequest, PollWorkflowExecutionUpdateResponse>(
            "PollWorkflowExecutionUpdate", Poll);
        engine.Rpc.Add<ExecuteMultiOperationRequest, ExecuteMultiOperationResponse>(
            "ExecuteMultiOperation", StartAndUpdate);
    }

    private void Check(UpdateWorkflowExecutionRequest request)
    {
        if (request.Request?.Meta == null || request.Request.Input is not { Name.Length: > 0 })
            throw Fault.InvalidArgument("Update request, meta or name is not set on request.");
        if (request.Request.Meta.UpdateId.Length == 0)
            request.Request.Meta.UpdateId = Guid.NewGuid().ToString();
        StartRules.Id(_engine, request.Request.Meta.UpdateId, "UpdateID");
        StartRules.Size(_engine, request.Request.Input.Args, "Update input");
        if (request.WaitPolicy?.LifecycleStage == UpdateWorkflowExecutionLifecycleStage.Admitted)
            throw Fault.InvalidArgument("wait stage ADMITTED is not supported");
    }

    private async Task<UpdateWorkflowExecutionResponse> Update(UpdateWorkflowExecutionRequest request, RpcCall call)
    {
        Check(request);
        var (run, update) = Admit(request);
        return await Settle(request, run, update, call);
    }

    private (WorkflowRun Run, PendingUpdate Update) Admit(UpdateWorkflowExecutionRequest request)
    {
        using var _ = _engine.Enter();
        var run = _engine.Runs.Get(request.Namespace, request.WorkflowExecution);
        if (request.FirstExecutionRunId.Length > 0 && run.FirstRunId != request.FirstExecutionRunId)
            throw Fault.RunNotFound(run.WorkflowId);
        return (run, _engine.Updates.Admit(run, request.Request));
    }

    private async Task<UpdateWorkflowExecutionResponse> Settle(
        UpdateWorkflowExecutionRequest request, WorkflowRun run, PendingUpdate update, RpcCall call)
    {
        var stage = request.WaitPolicy?.LifecycleStage ?? UpdateWorkflowExecutionLifecycleStage.Accepted;
        while (true)
        {
            await Wait(update, stage, call);
            if (!update.MoveOn || request.WorkflowExecution.RunId.Length > 0)
                break;
            // The run continued as new before it saw the update: the next run gets it.
            (run, update) = Admit(request);
        }
        if (update.Aborted is { } why)
            throw why;
        return new() { UpdateRef = Reference(run, update), Stage = update.Stage, Outcome = update.Outcome };
    }

    /// <summary>Waits until the deadline and not shorter: an early empty answer would make clients spin.</summary>
    private async Task Wait(PendingUpdate update, UpdateWorkflowExecutionLifecycleStage stage, RpcCall call)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(call.Cancellation, _engine.Stopping.Token);
        try
        {
            await update.Reached(stage).WaitAsync(call.Patience(MaxWait), end.Token);
        }
        catch (TimeoutException)
        {
            // The stage reached so far is the answer.
        }
    }

    private static UpdateRef Reference(WorkflowRun run, PendingUpdate update) =>
        new() { WorkflowExecution = run.Execution, UpdateId = update.Id };

    private async Task<PollWorkflowExecutionUpdateResponse> Poll(
        PollWorkflowExecutionUpdateRequest request, RpcCall call)
    {
        WorkflowRun run;
        PendingUpdate update;
        using (_engine.Enter())
        {
            run = _engine.Runs.Get(request.Namespace, request.UpdateRef?.WorkflowExecution);
            update = run.Updates.Find(request.UpdateRef!.UpdateId)
                ?? throw Fault.NotFound($"update {request.UpdateRef.UpdateId} not found");
        }
        if (request.WaitPolicy is { LifecycleStage: not UpdateWorkflowExecutionLifecycleStage.Unspecified } policy)
            await Wait(update, policy.LifecycleStage, call);
        if (update.Aborted is { } why)
            throw why;
        return new() { UpdateRef = Reference(run, update), Stage = update.Stage, Outcome = update.Outcome };
    }

    private async Task<ExecuteMultiOperationResponse> StartAndUpdate(ExecuteMultiOperationRequest request, RpcCall call)
    {
        if (request.Operations is not [{ StartWorkflow: { } start }, { UpdateWorkflow: { } change }])
            throw Fault.InvalidArgument("Operations have to be exactly [Start, Update].");
        if (start.WorkflowId != change.WorkflowExecution?.WorkflowId)
            throw Fault.InvalidArgument("INVALID_ARGUMENT: WorkflowId is not consistent with previous operation(s)");
        WorkflowRun run;
        PendingUpdate update;
        var started = false;
        using (_engine.Enter())
        {
            try
            {
                Check(change);
                var open = _engine.Runs.Current(start.Namespace, start.WorkflowId);
                var known = open?.Updates.Find(change.Request.Meta.UpdateId);
                if (known != null
                    && (open!.IsOpen || start.WorkflowIdReusePolicy != WorkflowIdReusePolicy.AllowDuplicate))
                    run = open!;
                else
                    (run, started) = _engine.Lifecycle.Start(start);
            }
            catch (RpcException fault)
            {
                throw Failed(fault, 0);
            }
            try
            {
                update = _engine.Updates.Admit(run, change.Request);
            }
            catch (RpcException fault)
            {
                throw Failed(fault, 1);
            }
        }
        UpdateWorkflowExecutionResponse settled;
        try
        {
            settled = await Settle(change, run, update, call);
        }
        catch (RpcException fault)
        {
            throw Failed(fault, 1);
        }
        return new()
        {
            Responses =
            {
                new ExecuteMultiOperationResponse.Types.Response
                {
                    StartWorkflow = new()
                    {
                        RunId = run.RunId, FirstExecutionRunId = run.FirstRunId, Started = started, Status = run.Status,
                    },
                },
                new ExecuteMultiOperationResponse.Types.Response { UpdateWorkflow = settled },
            },
        };
    }

    /// <summary>The error of one operation; the other one counts as aborted.</summary>
    private static RpcException Failed(RpcException fault, int at)
    {
        var details = new MultiOperationExecutionFailure();
        for (var i = 0; i < 2; i++)
        {
            var status = new MultiOperationExecutionFailure.Types.OperationStatus
            {
                Code = (int)(i == at ? fault.StatusCode : StatusCode.Aborted),
                Message = i == at ? fault.Status.Detail : "Operation was aborted.",
            };
            if (i != at)
                status.Details.Add(Any.Pack(new MultiOperationExecutionAborted()));
            else if (fault.Trailers.Get("grpc-status-details-bin") is { } own)
                status.Details.Add(GrpcStatus.Parser.ParseFrom(own.ValueBytes).Details);
            details.Statuses.Add(status);
        }
        return Fault.With(fault.StatusCode, "Update-with-Start could not be executed: " + fault.Status.Detail, details);
    }
}
