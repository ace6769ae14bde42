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
    private readonly ActivityTimers _timers = new(engine);
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
        var activity = new PendingActivity(run, e.EventId, scheduled)
        {
            ScheduledTime = engine.Clock.Now,
            Options = ActivityEvents.Options(scheduled),
        };
        run.Activities[e.EventId] = activity;
        if (whole is { } limit)
            activity.Deadline = engine.Clock.Now + limit;
        _timers.Whole(activity);
        // Started or offered when the answer is complete: a later command of the same answer may cancel it.
        if (asked.RequestEagerExecution && scheduled.TaskQueue.Name == run.TaskQueue)
            run.Eager.Add(activity);
        else
            engine.Defer(() => Offer(activity));
    }

    /// <summary>
    /// Returns whether the workflow must be woken: an activity that has not started is cancelled on the spot.
    /// </summary>
    public bool RequestCancel(WorkflowRun run, long completed, long scheduledEventId)
    {
        // The event is written even if the activity has ended and its end waits in the buffer: the worker did not know
        // that, and expects the event when it replays.
        if (run.Activities.TryGetValue(scheduledEventId, out var activity) && activity.CancelRequestedEventId > 0)
            return false;
        var requested = run.Append(ActivityEvents.CancelRequested(scheduledEventId, completed), engine.Clock.Now);
        if (activity is null)
            return false;
        activity.CancelRequestedEventId = requested.EventId;
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
        activity.NextAttemptTime = null;
        Running++;
        _timers.Attempt(activity);
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
        _timers.Heartbeat(activity);
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
                activity.Options.RetryPolicy, activity.Attempt, failure, engine.Clock.Now, activity.Deadline);
        if (activity.IsPaused
            && state is RetryState.InProgress or RetryState.MaximumAttemptsReached or RetryState.Timeout)
        {
            // Who paused it decides what comes next, also when the policy allows no more.
            Rest(activity, failure);
            return;
        }
        if (delay is not { } wait)
        {
            var timesOut = state == RetryState.Timeout && failure.TimeoutFailureInfo != null;
            End(activity, timesOut ? ActivityEvents.Timeout(activity, TimeoutType.ScheduleToClose) : failure, state);
            return;
        }
        Rest(activity, failure);
        OfferAt(activity, activity.AttemptEndTime!.Value + wait);
    }

    /// <summary>A timeout ended an attempt or the whole.</summary>
    public void TimedOut(PendingActivity activity, TimeoutType type)
    {
        var failure = ActivityEvents.Timeout(activity, type);
        if (type is TimeoutType.ScheduleToStart or TimeoutType.ScheduleToClose)
            End(activity, failure, RetryState.Timeout);
        else
            Fail(activity, failure);
    }

    /// <summary>Takes an activity without an attempt off its queue or out of its back-off.</summary>
    public static void Withdraw(PendingActivity activity)
    {
        activity.Entry = 0;
        activity.Backoff?.Cancel();
        activity.ScheduleToStart?.Cancel();
        activity.NextAttemptTime = null;
    }

    /// <summary>Offers the next attempt at a time; a time that has passed means now.</summary>
    public void OfferAt(PendingActivity activity, DateTimeOffset time)
    {
        Withdraw(activity);
        if (time <= engine.Clock.Now)
        {
            engine.Defer(() => Offer(activity));
            return;
        }
        activity.NextAttemptTime = time;
        activity.Backoff = engine.Clock.Add(time, () => Offer(activity));
    }

    /// <summary>Options or pause changed: what was timed by the old ones is timed anew.</summary>
    public void Rearm(PendingActivity activity)
    {
        _timers.Whole(activity);
        if (activity.IsStarted)
            _timers.Attempt(activity);
    }

    /// <summary>
    /// The run closed: its activities end without a trace, and their workers learn it at the next heartbeat.
    /// </summary>
    public void Abandon(WorkflowRun run)
    {
        foreach (var activity in run.Activities.Values.ToList())
            Finish(activity);
    }

    private void Offer(PendingActivity activity, bool front = false)
    {
        if (activity.IsDone || activity.IsStarted || activity.IsPaused)
            return;
        activity.AttemptScheduledTime = engine.Clock.Now;
        activity.NextAttemptTime = null;
        activity.Entry = engine.ActivityQueues.NextEntry();
        _timers.Waiting(activity);
        engine.ActivityQueues.Offer(
            engine.ActivityQueues[activity.Run.Namespace, activity.Options.TaskQueue.Name],
            activity,
            activity.Entry,
            front);
    }

    /// <summary>The attempt is over and another one will come.</summary>
    private void Rest(PendingActivity activity, Failure failure)
    {
        Release(activity);
        activity.LastFailure = failure;
        activity.AttemptEndTime = engine.Clock.Now;
        activity.Attempt++;
        activity.IsReset = false;
        if (!activity.DropsHeartbeat)
            return;
        activity.DropsHeartbeat = false;
        activity.HeartbeatDetails = null;
        activity.LastHeartbeatTime = null;
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

    /// <summary>
    /// Writes the started event (which waits until now, so that retries leave no trace) and the outcome.
    /// </summary>
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
