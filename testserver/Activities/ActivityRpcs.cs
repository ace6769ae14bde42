using Google.Protobuf;
using Nstance.Temporal.TestServer.Binding;
using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Lifecycle;
using Nstance.Temporal.TestServer.Tasks;
using Temporalio.Api.Common.V1;
using Temporalio.Api.Failure.V1;
using Temporalio.Api.WorkflowService.V1;

namespace Nstance.Temporal.TestServer.Activities;

/// <summary>The RPCs of <see cref="ActivityEngine"/>, by token and by id.</summary>
internal sealed class ActivityRpcs
{
    private readonly ServerEngine _engine;

    public ActivityRpcs(ServerEngine engine)
    {
        _engine = engine;
        var rpc = engine.Rpc;
        rpc.Add<PollActivityTaskQueueRequest, PollActivityTaskQueueResponse>("PollActivityTaskQueue", Poll);
        rpc.Add<RecordActivityTaskHeartbeatRequest, RecordActivityTaskHeartbeatResponse>(
            "RecordActivityTaskHeartbeat", request => Beat(() => ByToken(request.TaskToken), request.Details));
        rpc.Add<RecordActivityTaskHeartbeatByIdRequest, RecordActivityTaskHeartbeatByIdResponse>(
            "RecordActivityTaskHeartbeatById",
            request =>
            {
                var answer = Beat(
                    () => ById(request.Namespace, request.WorkflowId, request.RunId, request.ActivityId),
                    request.Details);
                return new()
                {
                    CancelRequested = answer.CancelRequested,
                    ActivityPaused = answer.ActivityPaused,
                    ActivityReset = answer.ActivityReset,
                };
            });
        rpc.Add<RespondActivityTaskCompletedRequest, RespondActivityTaskCompletedResponse>(
            "RespondActivityTaskCompleted",
            request => Complete<RespondActivityTaskCompletedResponse>(
                () => ByToken(request.TaskToken), request.Result, request.Identity));
        rpc.Add<RespondActivityTaskCompletedByIdRequest, RespondActivityTaskCompletedByIdResponse>(
            "RespondActivityTaskCompletedById",
            request => Complete<RespondActivityTaskCompletedByIdResponse>(
                () => ById(request.Namespace, request.WorkflowId, request.RunId, request.ActivityId),
                request.Result,
                request.Identity));
        rpc.Add<RespondActivityTaskFailedRequest, RespondActivityTaskFailedResponse>(
            "RespondActivityTaskFailed",
            request => Fail<RespondActivityTaskFailedResponse>(
                () => ByToken(request.TaskToken), request.Failure, request.LastHeartbeatDetails));
        rpc.Add<RespondActivityTaskFailedByIdRequest, RespondActivityTaskFailedByIdResponse>(
            "RespondActivityTaskFailedById",
            request => Fail<RespondActivityTaskFailedByIdResponse>(
                () => ById(request.Namespace, request.WorkflowId, request.RunId, request.ActivityId),
                request.Failure,
                request.LastHeartbeatDetails));
        rpc.Add<RespondActivityTaskCanceledRequest, RespondActivityTaskCanceledResponse>(
            "RespondActivityTaskCanceled",
            request => Cancel<RespondActivityTaskCanceledResponse>(
                () => ByToken(request.TaskToken), request.Details, request.Identity));
        rpc.Add<RespondActivityTaskCanceledByIdRequest, RespondActivityTaskCanceledByIdResponse>(
            "RespondActivityTaskCanceledById",
            request => Cancel<RespondActivityTaskCanceledByIdResponse>(
                () => ById(request.Namespace, request.WorkflowId, request.RunId, request.ActivityId),
                request.Details,
                request.Identity));
    }

    private async Task<PollActivityTaskQueueResponse> Poll(PollActivityTaskQueueRequest request, RpcCall call)
    {
        var answer = (PollActivityTaskQueueResponse?)await _engine.ActivityQueues.Poll(
            request.Namespace, request.TaskQueue?.Name ?? "", request.Identity, request.WorkerInstanceKey, call);
        if (answer == null)
            return new();
        if (!call.Cancellation.IsCancellationRequested)
            return answer;
        using (_engine.Enter())
        {
            if (Find(answer.TaskToken) is { } activity)
                _engine.Activities.GiveBack(activity);
        }
        return new();
    }

    private RecordActivityTaskHeartbeatResponse Beat(Func<PendingActivity> find, Payloads? details)
    {
        using var _ = _engine.Enter();
        var activity = find();
        StartRules.Size(_engine, details, "RecordActivityTaskHeartbeat details");
        _engine.Activities.Beat(activity, details);
        return new()
        {
            CancelRequested = activity.CancelRequestedEventId > 0,
            ActivityPaused = activity.IsPaused,
            ActivityReset = activity.IsReset,
        };
    }

    private TResponse Complete<TResponse>(Func<PendingActivity> find, Payloads? result, string identity)
        where TResponse : new()
    {
        using var _ = _engine.Enter();
        var activity = find();
        if (result?.CalculateSize() > _engine.Limits.BlobSize)
        {
            // The real server fails the activity without a retry: a second result would be as large.
            _engine.Activities.Fail(activity, new()
            {
                Message = "Complete result exceeds size limit.",
                Source = "Server",
                ServerFailureInfo = new() { NonRetryable = true },
            });
            return new();
        }
        _engine.Activities.Complete(activity, result, identity);
        return new();
    }

    private TResponse Fail<TResponse>(Func<PendingActivity> find, Failure? failure, Payloads? details)
        where TResponse : new()
    {
        using var _ = _engine.Enter();
        var activity = find();
        if (details != null)
            activity.HeartbeatDetails = details;
        _engine.Activities.Fail(
            activity, failure ?? new Failure { Message = "activity failed", ApplicationFailureInfo = new() });
        return new();
    }

    private TResponse Cancel<TResponse>(Func<PendingActivity> find, Payloads? details, string identity)
        where TResponse : new()
    {
        using var _ = _engine.Enter();
        var activity = find();
        if (activity.CancelRequestedEventId == 0)
            throw Fault.InvalidArgument("Activity cancellation was not requested.");
        _engine.Activities.Cancelled(activity, details, identity);
        return new();
    }

    private PendingActivity? Find(ByteString bytes)
    {
        var token = TaskToken.Parse(bytes, 'a');
        return _engine.Runs.ByRunId(token.RunId) is { IsOpen: true } run
            && run.Activities.TryGetValue(token.Number, out var activity)
            && activity.IsStarted
            && activity.Stamp == token.Stamp
            ? activity
            : null;
    }

    private PendingActivity ByToken(ByteString bytes) => Find(bytes) ?? throw Gone();

    private PendingActivity ById(string ns, string workflowId, string runId, string activityId)
    {
        var run = _engine.Runs.Get(ns, new() { WorkflowId = workflowId, RunId = runId });
        return run.Activities.Values.FirstOrDefault(each => each.Scheduled.ActivityId == activityId && each.IsStarted)
            ?? throw Gone();
    }

    private static Grpc.Core.RpcException Gone() =>
        Fault.NotFound("invalid activityID or activity already timed out or invoking workflow is completed");
}
