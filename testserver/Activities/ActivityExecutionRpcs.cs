using Nstance.Temporal.TestServer.Binding;
using Nstance.Temporal.TestServer.Engine;
using Temporalio.Api.Common.V1;
using Temporalio.Api.WorkflowService.V1;

namespace Nstance.Temporal.TestServer.Activities;

/// <summary>
/// The newer names of what <see cref="ActivityControlRpcs"/> answers; the Web UI and newer clients use these.
/// </summary>
internal sealed class ActivityExecutionRpcs
{
    public ActivityExecutionRpcs(ServerEngine engine, ActivityControlRpcs older)
    {
        var rpc = engine.Rpc;
        rpc.Add<PauseActivityExecutionRequest, PauseActivityExecutionResponse>("PauseActivityExecution", request =>
        {
            older.Pause(new()
            {
                Namespace = request.Namespace,
                Execution = Execution(request.WorkflowId, request.RunId),
                Id = request.ActivityId,
                Identity = request.Identity,
                Reason = request.Reason,
                RequestId = request.RequestId,
            });
            return new();
        });
        rpc.Add<UnpauseActivityExecutionRequest, UnpauseActivityExecutionResponse>(
            "UnpauseActivityExecution",
            request =>
            {
                older.Unpause(new()
                {
                    Namespace = request.Namespace,
                    Execution = Execution(request.WorkflowId, request.RunId),
                    Id = request.ActivityId,
                    Jitter = request.Jitter,
                });
                return new();
            });
        rpc.Add<ResetActivityExecutionRequest, ResetActivityExecutionResponse>("ResetActivityExecution", request =>
        {
            older.Reset(new()
            {
                Namespace = request.Namespace,
                Execution = Execution(request.WorkflowId, request.RunId),
                Id = request.ActivityId,
                ResetHeartbeat = request.ResetHeartbeat,
                KeepPaused = request.KeepPaused,
                RestoreOriginalOptions = request.RestoreOriginalOptions,
                Jitter = request.Jitter,
            });
            return new();
        });
        rpc.Add<UpdateActivityExecutionOptionsRequest, UpdateActivityExecutionOptionsResponse>(
            "UpdateActivityExecutionOptions",
            request => new()
            {
                ActivityOptions = older.Update(new()
                {
                    Namespace = request.Namespace,
                    Execution = Execution(request.WorkflowId, request.RunId),
                    Id = request.ActivityId,
                    ActivityOptions = request.ActivityOptions,
                    UpdateMask = request.UpdateMask,
                    RestoreOriginal = request.RestoreOriginal,
                }).ActivityOptions,
            });
    }

    private static WorkflowExecution Execution(string workflowId, string runId) => workflowId.Length > 0
        ? new() { WorkflowId = workflowId, RunId = runId }
        : throw Fault.Unimplemented("an activity without a workflow");
}
