using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Lifecycle;
using Nstance.Temporal.TestServer.Runs;
using Temporalio.Api.Command.V1;
using Temporalio.Api.Common.V1;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.Failure.V1;
using Temporalio.Api.History.V1;
using Temporalio.Api.WorkflowService.V1;

namespace Nstance.Temporal.TestServer.Activities;

/// <summary>Activities from command to outcome: attempts, the four timeouts, retries, cancellation.</summary>
internal sealed class ActivityEngine(ServerEngine engine)
{
    private long _stamps;

    /// <summary>Attempts that a worker holds now.</summary>
    public int Running { get; private set; }

    public void Schedule(WorkflowRun run, long completed, Command command)
    {
        var asked = command.ScheduleActivityTaskCommandAttributes;
        var whole = RunStarter.Some(asked.ScheduleToCloseTimeout);
        var scheduled = ActivityEvents.Scheduled(run, completed, asked);
        var e = run.Append(
            new()
            {
                EventType = EventType.ActivityTaskScheduled,
                ActivityTaskScheduledEventAttributes = scheduled,
                UserMetadata = command.UserMetadata,
            },
            engine.Clock.Now);
        var activity = new PendingActivity(run, e.EventId, scheduled) { ScheduledTime = engine.Clock.Now };
        run.Activities[e.EventId] = activity;
        if (whole is { } limit)
        {
            activity.Deadline = engine.Clock.Now + limit;
            activity.ScheduleToClose = engine.Clock.Add(
                activity.Deadline.Value, () => End(activity, ActivityEvents.Timeout(activity, TimeoutType.ScheduleToClose), RetryState.Timeout));
        }
        // Started or offered when the answer is complete: a later command of the same answer may cancel it.
        if (asked.RequestEagerExecution && scheduled.TaskQueue.Name == run.TaskQueue)
            run.Eager.Add(activity);
        else
            engine.Defer(() => Offer(activity));
    }

    /// <summary>Returns whether the workflow must be woken: an activity that has not started is cancelled on the spot.</summary>
    public bool RequestCancel(WorkflowRun run, long completed, long scheduledEventId)
    {
        // The event is written also when the activity has ended meanwhile and its end still waits in the buffer: the worker
        // that asked did not know, and will look for the event when it replays.
        if (run.Activities.TryGetValue(scheduledEventId, out var activity) && activity.CancelRequestedEventId > 0)
            return false;
        var requested = run.Append(
            new()
            {
                EventType = EventType.ActivityTaskCancelRequested,
                ActivityTaskCancelRequestedEventAttributes = new()
                {
                    ScheduledEventId = scheduledEventId,
                    WorkflowTaskCompletedEventId = completed,
                },
            },
            engine.Clock.Now).EventId;
        if (activity is null)
            return false;
        activity.CancelRequestedEventId = requested;
        if (activity.IsStarted)
            return false;
        Finish(activity);
        run.Append(ActivityEvents.Cancelled(activity, null, ""), engine.Clock.Now);
        return true;
    }

    public PollActivityTaskQueueResponse Start(PendingActivity activity, string identity)
    {
        activity.ScheduleToStart?.Cancel();
        activity.IsStarted = true;
        activity.Stamp = (++_stamps).ToString();
        activity.Identity = identity;
        activity.StartedTime = engine.Clock.Now;
        activity.LastHeartbeatTime = null;
        activity.NextAttemptTime = null;
        Running++;
        if (RunStarter.Some(activity.Scheduled.StartToCloseTimeout) is { } limit)
        {
            activity.StartToClose = engine.Clock.Add(
                engine.Clock.Now + limit, () => Fail(activity, ActivityEvents.Timeout(activity, TimeoutType.StartToClose)));
        }
        ArmHeartbeat(activity);
        return ActivityEvents.PollAnswer(activity);
    }

    /// <summary>The worker never got the attempt: it waits again, first in line.</summary>
    public void GiveBack(PendingActivity activity)
    {
        Release(activity);
        Offer(activity, front: true);
    }

    public void Beat(PendingActivity activity, Payloads? details)
    {
        activity.HeartbeatDetails = details ?? activity.HeartbeatDetails;
        activity.LastHeartbeatTime = engine.Clock.Now;
        ArmHeartbeat(activity);
    }

    public void Complete(PendingActivity activity, Payloads? result, string identity) =>
        Outcome(activity, ActivityEvents.Completed(activity, result, identity));

    public void Cancelled(PendingActivity activity, Payloads? details, string identity) =>
        Outcome(activity, ActivityEvents.Cancelled(activity, details, identity));

    /// <summary>An attempt failed or timed out: try again or end.</summary>
    public void Fail(PendingActivity activity, Failure failure)
    {
        var (delay, state) = activity.CancelRequestedEventId > 0
            ? (null, RetryState.CancelRequested)
            : RetryDecision.Decide(
                activity.Scheduled.RetryPolicy, activity.Attempt, failure, engine.Clock.Now, activity.Deadline);
        if (delay is not { } wait)
        {
            End(activity, failure, state);
            return;
        }
        Release(activity);
        activity.LastFailure = failure;
        activity.AttemptEndTime = engine.Clock.Now;
        activity.Attempt++;
        activity.NextAttemptTime = engine.Clock.Now + wait;
        activity.Backoff = engine.Clock.Add(activity.NextAttemptTime.Value, () => Offer(activity));
    }

    /// <summary>The run closed: its activities end without a trace, and their workers learn it at the next heartbeat.</summary>
    public void Abandon(WorkflowRun run)
    {
        foreach (var activity in run.Activities.Values.ToList())
            Finish(activity);
    }

    private void Offer(PendingActivity activity, bool front = false)
    {
        if (activity.IsDone || activity.IsStarted)
            return;
        activity.AttemptScheduledTime = engine.Clock.Now;
        activity.Entry = engine.ActivityQueues.NextEntry();
        if (RunStarter.Some(activity.Scheduled.ScheduleToStartTimeout) is { } limit)
        {
            activity.ScheduleToStart?.Cancel();
            activity.ScheduleToStart = engine.Clock.Add(
                engine.Clock.Now + limit,
                () => End(activity, ActivityEvents.Timeout(activity, TimeoutType.ScheduleToStart), RetryState.Timeout));
        }
        engine.ActivityQueues.Offer(
            engine.ActivityQueues[activity.Run.Namespace, activity.Scheduled.TaskQueue.Name], activity, activity.Entry, front);
    }

    private void ArmHeartbeat(PendingActivity activity)
    {
        if (RunStarter.Some(activity.Scheduled.HeartbeatTimeout) is not { } limit)
            return;
        activity.Heartbeat?.Cancel();
        activity.Heartbeat = engine.Clock.Add(
            engine.Clock.Now + limit, () => Fail(activity, ActivityEvents.Timeout(activity, TimeoutType.Heartbeat)));
    }

    private void Release(PendingActivity activity)
    {
        activity.CancelAttemptAlarms();
        if (!activity.IsStarted)
            return;
        activity.IsStarted = false;
        activity.Stamp = "";
        Running--;
    }

    private void Finish(PendingActivity activity)
    {
        Release(activity);
        activity.IsDone = true;
        activity.ScheduleToClose?.Cancel();
        activity.Run.Activities.Remove(activity.ScheduledEventId);
    }

    private void End(PendingActivity activity, Failure failure, RetryState state) =>
        Outcome(activity, ActivityEvents.Ended(activity, failure, state));

    /// <summary>Writes the started event (which waits until now, so that retries leave no trace) and the outcome.</summary>
    private void Outcome(PendingActivity activity, HistoryEvent outcome)
    {
        if (activity.IsDone)
            return;
        var run = activity.Run;
        var started = activity.IsStarted ? ActivityEvents.Started(activity) : null;
        Finish(activity);
        if (started != null)
            engine.Tasks.Record(run, started, wake: false);
        engine.Tasks.Record(run, outcome, _ => outcome.With("started_event_id", started?.EventId ?? 0));
    }
}
