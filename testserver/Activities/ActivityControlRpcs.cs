using Nstance.Temporal.TestServer.Binding;
using Nstance.Temporal.TestServer.Engine;
using Temporalio.Api.Activity.V1;
using Temporalio.Api.Common.V1;
using Temporalio.Api.WorkflowService.V1;

namespace Nstance.Temporal.TestServer.Activities;

/// <summary>The RPCs of <see cref="ActivityControl"/>.</summary>
internal sealed class ActivityControlRpcs
{
    private readonly ServerEngine _engine;
    private readonly ActivityControl _control;

    public ActivityControlRpcs(ServerEngine engine)
    {
        _engine = engine;
        _control = engine.ActivityControl;
        var rpc = engine.Rpc;
        rpc.Add<PauseActivityRequest, PauseActivityResponse>("PauseActivity", Pause);
        rpc.Add<UnpauseActivityRequest, UnpauseActivityResponse>("UnpauseActivity", Unpause);
        rpc.Add<ResetActivityRequest, ResetActivityResponse>("ResetActivity", Reset);
        rpc.Add<UpdateActivityOptionsRequest, UpdateActivityOptionsResponse>("UpdateActivityOptions", Update);
    }

    public PauseActivityResponse Pause(PauseActivityRequest request)
    {
        using var _ = _engine.Enter();
        foreach (var activity in Find(request.Namespace, request.Execution, new(
            request.HasId ? request.Id : null, request.HasType ? request.Type : null, All: false)))
            _control.Pause(activity, request.Identity, request.Reason, request.RequestId);
        return new();
    }

    public UnpauseActivityResponse Unpause(UnpauseActivityRequest request)
    {
        using var _ = _engine.Enter();
        foreach (var activity in Find(request.Namespace, request.Execution, new(
            request.HasId ? request.Id : null, request.HasType ? request.Type : null, request.HasUnpauseAll)))
        {
            _control.Unpause(
                activity, request.ResetAttempts, request.ResetHeartbeat, request.Jitter?.ToTimeSpan() ?? TimeSpan.Zero);
        }
        return new();
    }

    public ResetActivityResponse Reset(ResetActivityRequest request)
    {
        using var _ = _engine.Enter();
        foreach (var activity in Find(request.Namespace, request.Execution, new(
            request.HasId ? request.Id : null, request.HasType ? request.Type : null, request.HasMatchAll)))
        {
            _control.Reset(
                activity,
                request.ResetHeartbeat,
                request.KeepPaused,
                request.RestoreOriginalOptions,
                request.Jitter?.ToTimeSpan() ?? TimeSpan.Zero);
        }
        return new();
    }

    public UpdateActivityOptionsResponse Update(UpdateActivityOptionsRequest request)
    {
        using var _ = _engine.Enter();
        var found = Find(request.Namespace, request.Execution, new(
            request.HasId ? request.Id : null, request.HasType ? request.Type : null, request.HasMatchAll));
        return new() { ActivityOptions = Update(found, request) };
    }

    /// <summary>Returns the options of the last activity, as the real server does.</summary>
    private ActivityOptions Update(List<PendingActivity> activities, UpdateActivityOptionsRequest request)
    {
        if (request.RestoreOriginal && request.UpdateMask is { Paths.Count: > 0 })
            throw Fault.InvalidArgument("Both UpdateMask and RestoreOriginal are provided");
        if (!request.RestoreOriginal && request.ActivityOptions == null)
            throw Fault.InvalidArgument("ActivityOptions are not provided");
        if (!request.RestoreOriginal && request.UpdateMask == null)
            throw Fault.InvalidArgument("UpdateMask is not provided");
        // All are checked before one is changed.
        var changes = activities.ConvertAll(activity => request.RestoreOriginal
            ? ActivityEvents.Options(activity.Scheduled)
            : ActivityOptionsMask.Merge(activity.Options, request.ActivityOptions, request.UpdateMask));
        foreach (var (activity, options) in activities.Zip(changes))
            _control.Update(activity, options);
        return changes[^1].Clone();
    }

    private List<PendingActivity> Find(string ns, WorkflowExecution? execution, ActivityTarget target)
    {
        if (execution == null || execution.WorkflowId.Length == 0)
            throw Fault.InvalidArgument("WorkflowId is not set on request.");
        if (target is { Id: null, Type: null, All: false })
            throw Fault.InvalidArgument("Either activity id or activity type must be provided.");
        var run = _engine.Runs.Get(ns, execution);
        return run.IsOpen ? target.Of(run) : throw Fault.NotFound("workflow execution already completed");
    }
}
