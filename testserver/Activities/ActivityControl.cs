using Google.Protobuf.WellKnownTypes;
using Nstance.Temporal.TestServer.Binding;
using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Lifecycle;
using Nstance.Temporal.TestServer.Runs;
using Temporalio.Api.Activity.V1;

namespace Nstance.Temporal.TestServer.Activities;

/// <summary>Which activities of a run an operator means: one id, all of a type, or all.</summary>
internal readonly record struct ActivityTarget(string? Id, string? Type, bool All)
{
    /// <exception cref="Grpc.Core.RpcException">NOT_FOUND: the run has no such activity.</exception>
    public List<PendingActivity> Of(WorkflowRun run)
    {
        var target = this;
        var found = run.Activities.Values
            .Where(each => target.All
                || each.Scheduled.ActivityId == target.Id
                || each.Scheduled.ActivityType.Name == target.Type)
            .ToList();
        return found.Count > 0
            ? found
            : throw Fault.NotFound(
                "Can't find pending activity with such ID. Invalid activityID or activity already completed");
    }
}

/// <summary>What an operator does to a stuck activity. Members need the engine's lock.</summary>
internal sealed class ActivityControl(ServerEngine engine)
{
    public void Pause(PendingActivity activity, string identity, string reason, string requestId)
    {
        if (activity.IsPaused)
        {
            if (activity.PauseRequestId == requestId)
                return;
            throw Fault.FailedPrecondition("activity is already paused");
        }
        activity.PauseRequestId = requestId;
        activity.Pause = new()
        {
            PauseTime = Timestamp.FromDateTimeOffset(engine.Clock.Now),
            Manual = new() { Identity = identity, Reason = reason },
        };
        // A running attempt may finish; its worker learns of the pause with the next heartbeat.
        if (!activity.IsStarted)
            ActivityEngine.Withdraw(activity);
    }

    public void Unpause(PendingActivity activity, bool resetAttempts, bool resetHeartbeat, TimeSpan jitter)
    {
        if (!activity.IsPaused)
            return;
        activity.Pause = null;
        if (resetAttempts)
            activity.Attempt = 1;
        if (resetHeartbeat)
            Forget(activity);
        engine.Activities.Rearm(activity);
        if (!activity.IsStarted)
            engine.Activities.OfferAt(activity, engine.Clock.Now + Random(jitter));
    }

    public void Reset(
        PendingActivity activity, bool resetHeartbeat, bool keepPaused, bool restoreOptions, TimeSpan jitter)
    {
        activity.Attempt = 1;
        activity.IsReset = activity.IsStarted;
        activity.DropsHeartbeat = resetHeartbeat && activity.IsStarted;
        if (restoreOptions)
            Apply(activity, ActivityEvents.Options(activity.Scheduled));
        if (!keepPaused)
            activity.Pause = null;
        engine.Activities.Rearm(activity);
        if (activity.IsStarted || activity.IsPaused)
            return;
        if (resetHeartbeat)
            Forget(activity);
        engine.Activities.OfferAt(activity, engine.Clock.Now + Random(jitter));
    }

    /// <summary>Gives an activity other options; an attempt that waits is scheduled anew by them.</summary>
    public void Update(PendingActivity activity, ActivityOptions options)
    {
        Apply(activity, options);
        engine.Activities.Rearm(activity);
        if (activity.IsStarted || activity.IsPaused)
            return;
        var wait = activity.Attempt > 1 ? RetryDecision.Backoff(options.RetryPolicy, activity.Attempt) : TimeSpan.Zero;
        engine.Activities.OfferAt(activity, (activity.AttemptEndTime ?? engine.Clock.Now) + wait);
    }

    private static void Apply(PendingActivity activity, ActivityOptions options)
    {
        activity.Options = options;
        activity.Deadline = RunStarter.Some(options.ScheduleToCloseTimeout) is { } limit
            ? activity.ScheduledTime + limit
            : null;
    }

    private static void Forget(PendingActivity activity)
    {
        activity.HeartbeatDetails = null;
        activity.LastHeartbeatTime = null;
    }

    private static TimeSpan Random(TimeSpan jitter) => jitter * System.Random.Shared.NextDouble();
}
