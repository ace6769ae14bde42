using Google.Protobuf.WellKnownTypes;
using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Lifecycle;
using Nstance.Temporal.TestServer.Queues;
using Nstance.Temporal.TestServer.Runs;
using Nstance.Temporal.TestServer.Tasks;
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
        var scheduled = new ActivityTaskScheduledEventAttributes
        {
            ActivityId = asked.ActivityId,
            ActivityType = asked.ActivityType,
            TaskQueue = new()
            {
                Name = asked.TaskQueue is { Name.Length: > 0 } queue ? queue.Name : run.TaskQueue,
                Kind = TaskQueueKind.Normal,
            },
            Header = asked.Header,
            Input = asked.Input,
            ScheduleToCloseTimeout = asked.ScheduleToCloseTimeout ?? new Duration(),
            ScheduleToStartTimeout = asked.ScheduleToStartTimeout ?? asked.ScheduleToCloseTimeout ?? new Duration(),
            StartToCloseTimeout = RunStarter.Some(asked.StartToCloseTimeout) == null
                ? asked.ScheduleToCloseTimeout
                : asked.StartToCloseTimeout,
            HeartbeatTimeout = asked.HeartbeatTimeout ?? new Duration(),
            WorkflowTaskCompletedEventId = completed,
            RetryPolicy = RunStarter.WithDefaults(asked.RetryPolicy ?? new RetryPolicy()),
            Priority = asked.Priority,
        };
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
                activity.Deadline.Value, () => End(activity, TimeoutFailure(activity, TimeoutType.ScheduleToClose), RetryState.Timeout));
        }
        // Offered when the answer is complete: a later command of the same answer may cancel it.
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
        run.Append(
            new()
            {
                EventType = EventType.ActivityTaskCanceled,
                ActivityTaskCanceledEventAttributes = new()
                {
                    ScheduledEventId = scheduledEventId,
                    LatestCancelRequestedEventId = activity.CancelRequestedEventId,
                    Details = null,
                },
            },
            engine.Clock.Now);
        return true;
    }

    public PollActivityTaskQueueResponse? Start(PendingActivity activity, Poller poller)
    {
        activity.ScheduleToStart?.Cancel();
        activity.IsStarted = true;
        activity.Stamp = (++_stamps).ToString();
        activity.Identity = poller.Identity;
        activity.StartedTime = engine.Clock.Now;
        activity.LastHeartbeatTime = null;
        activity.NextAttemptTime = null;
        Running++;
        if (RunStarter.Some(activity.Scheduled.StartToCloseTimeout) is { } limit)
        {
            activity.StartToClose = engine.Clock.Add(
                engine.Clock.Now + limit, () => Fail(activity, TimeoutFailure(activity, TimeoutType.StartToClose)));
        }
        ArmHeartbeat(activity);
        var run = activity.Run;
        return new()
        {
            TaskToken = new TaskToken('a', run.RunId, activity.ScheduledEventId, activity.Stamp).ToBytes(),
            WorkflowNamespace = run.Namespace,
            WorkflowType = new() { Name = run.WorkflowType },
            WorkflowExecution = run.Execution,
            ActivityType = activity.Scheduled.ActivityType,
            ActivityId = activity.Scheduled.ActivityId,
            Header = activity.Scheduled.Header,
            Input = activity.Scheduled.Input,
            HeartbeatDetails = activity.HeartbeatDetails,
            ScheduledTime = Timestamp.FromDateTimeOffset(activity.ScheduledTime),
            CurrentAttemptScheduledTime = Timestamp.FromDateTimeOffset(activity.AttemptScheduledTime),
            StartedTime = Timestamp.FromDateTimeOffset(activity.StartedTime.Value),
            Attempt = activity.Attempt,
            ScheduleToCloseTimeout = activity.Scheduled.ScheduleToCloseTimeout,
            StartToCloseTimeout = activity.Scheduled.StartToCloseTimeout,
            HeartbeatTimeout = activity.Scheduled.HeartbeatTimeout,
            RetryPolicy = activity.Scheduled.RetryPolicy,
            Priority = activity.Scheduled.Priority,
        };
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

    public void Complete(PendingActivity activity, Payloads? result, string identity) => Outcome(activity, new()
    {
        EventType = EventType.ActivityTaskCompleted,
        ActivityTaskCompletedEventAttributes = new()
        {
            Result = result,
            ScheduledEventId = activity.ScheduledEventId,
            Identity = identity,
        },
    });

    public void Cancelled(PendingActivity activity, Payloads? details, string identity) => Outcome(activity, new()
    {
        EventType = EventType.ActivityTaskCanceled,
        ActivityTaskCanceledEventAttributes = new()
        {
            Details = details,
            ScheduledEventId = activity.ScheduledEventId,
            LatestCancelRequestedEventId = activity.CancelRequestedEventId,
            Identity = identity,
        },
    });

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

    private static Failure TimeoutFailure(PendingActivity activity, TimeoutType type) => new()
    {
        Message = type switch
        {
            TimeoutType.Heartbeat => "activity Heartbeat timeout",
            TimeoutType.ScheduleToStart => "activity ScheduleToStart timeout",
            TimeoutType.ScheduleToClose => "activity ScheduleToClose timeout",
            _ => "activity StartToClose timeout",
        },
        Source = "Server",
        Cause = type == TimeoutType.ScheduleToClose ? activity.LastFailure : null,
        TimeoutFailureInfo = new() { TimeoutType = type, LastHeartbeatDetails = activity.HeartbeatDetails },
    };

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
                () => End(activity, TimeoutFailure(activity, TimeoutType.ScheduleToStart), RetryState.Timeout));
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
            engine.Clock.Now + limit, () => Fail(activity, TimeoutFailure(activity, TimeoutType.Heartbeat)));
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

    private void End(PendingActivity activity, Failure failure, RetryState state)
    {
        if (failure.TimeoutFailureInfo is { } timeout && failure.ApplicationFailureInfo == null)
        {
            // A retry that schedule-to-close forbids ends with the failure of the attempt, state TIMEOUT.
            Outcome(activity, new()
            {
                EventType = EventType.ActivityTaskTimedOut,
                ActivityTaskTimedOutEventAttributes = new()
                {
                    Failure = failure,
                    ScheduledEventId = activity.ScheduledEventId,
                    RetryState = timeout.TimeoutType is TimeoutType.ScheduleToClose or TimeoutType.ScheduleToStart
                        ? RetryState.Timeout
                        : state,
                },
            });
            return;
        }
        Outcome(activity, new()
        {
            EventType = EventType.ActivityTaskFailed,
            ActivityTaskFailedEventAttributes = new()
            {
                Failure = failure,
                ScheduledEventId = activity.ScheduledEventId,
                Identity = activity.Identity,
                RetryState = state,
            },
        });
    }

    /// <summary>Writes the started event (which waits until now, so that retries leave no trace) and the outcome.</summary>
    private void Outcome(PendingActivity activity, HistoryEvent outcome)
    {
        if (activity.IsDone)
            return;
        var run = activity.Run;
        var started = activity.IsStarted
            ? new HistoryEvent
            {
                EventType = EventType.ActivityTaskStarted,
                ActivityTaskStartedEventAttributes = new()
                {
                    ScheduledEventId = activity.ScheduledEventId,
                    Identity = activity.Identity,
                    RequestId = Guid.NewGuid().ToString(),
                    Attempt = activity.Attempt,
                    LastFailure = activity.LastFailure,
                },
            }
            : null;
        Finish(activity);
        if (started != null)
            engine.Tasks.Record(run, started, wake: false);
        engine.Tasks.Record(run, outcome, _ => SetStarted(outcome, started?.EventId ?? 0));
    }

    private static void SetStarted(HistoryEvent outcome, long id)
    {
        if (outcome.ActivityTaskCompletedEventAttributes is { } completed)
            completed.StartedEventId = id;
        else if (outcome.ActivityTaskFailedEventAttributes is { } failed)
            failed.StartedEventId = id;
        else if (outcome.ActivityTaskTimedOutEventAttributes is { } timedOut)
            timedOut.StartedEventId = id;
        else if (outcome.ActivityTaskCanceledEventAttributes is { } cancelled)
            cancelled.StartedEventId = id;
    }
}
