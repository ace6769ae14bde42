using Google.Protobuf.WellKnownTypes;
using Nstance.Temporal.TestServer.Lifecycle;
using Nstance.Temporal.TestServer.Runs;
using Nstance.Temporal.TestServer.Tasks;
using Temporalio.Api.Activity.V1;
using Temporalio.Api.Command.V1;
using Temporalio.Api.Common.V1;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.Failure.V1;
using Temporalio.Api.History.V1;
using Temporalio.Api.WorkflowService.V1;

namespace Nstance.Temporal.TestServer.Activities;

/// <summary>The history events of an activity.</summary>
internal static class ActivityEvents
{
    public static ActivityTaskScheduledEventAttributes Scheduled(
        WorkflowRun run, long completed, ScheduleActivityTaskCommandAttributes asked) => new()
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

    /// <summary>Options as they were scheduled.</summary>
    public static ActivityOptions Options(ActivityTaskScheduledEventAttributes scheduled) => new()
    {
        TaskQueue = new() { Name = scheduled.TaskQueue.Name, NormalName = scheduled.TaskQueue.Name },
        ScheduleToCloseTimeout = scheduled.ScheduleToCloseTimeout,
        ScheduleToStartTimeout = scheduled.ScheduleToStartTimeout,
        StartToCloseTimeout = scheduled.StartToCloseTimeout,
        HeartbeatTimeout = scheduled.HeartbeatTimeout,
        RetryPolicy = scheduled.RetryPolicy.Clone(),
        Priority = scheduled.Priority,
    };

    public static PollActivityTaskQueueResponse PollAnswer(PendingActivity activity) => new()
    {
        TaskToken = new TaskToken('a', activity.Run.RunId, activity.ScheduledEventId, activity.Stamp).ToBytes(),
        WorkflowNamespace = activity.Run.Namespace,
        WorkflowType = new() { Name = activity.Run.WorkflowType },
        WorkflowExecution = activity.Run.Execution,
        ActivityType = activity.Scheduled.ActivityType,
        ActivityId = activity.Scheduled.ActivityId,
        Header = activity.Scheduled.Header,
        Input = activity.Scheduled.Input,
        HeartbeatDetails = activity.HeartbeatDetails,
        ScheduledTime = Timestamp.FromDateTimeOffset(activity.ScheduledTime),
        CurrentAttemptScheduledTime = Timestamp.FromDateTimeOffset(activity.AttemptScheduledTime),
        StartedTime = Timestamp.FromDateTimeOffset(activity.StartedTime!.Value),
        Attempt = activity.Attempt,
        ScheduleToCloseTimeout = activity.Options.ScheduleToCloseTimeout,
        StartToCloseTimeout = activity.Options.StartToCloseTimeout,
        HeartbeatTimeout = activity.Options.HeartbeatTimeout,
        RetryPolicy = activity.Options.RetryPolicy,
        Priority = activity.Options.Priority,
    };

    public static HistoryEvent Started(PendingActivity activity) => new()
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
    };

    public static HistoryEvent Completed(PendingActivity activity, Payloads? result, string identity) => new()
    {
        EventType = EventType.ActivityTaskCompleted,
        ActivityTaskCompletedEventAttributes = new()
        {
            Result = result,
            ScheduledEventId = activity.ScheduledEventId,
            Identity = identity,
        },
    };

    public static HistoryEvent CancelRequested(long scheduledEventId, long completed) => new()
    {
        EventType = EventType.ActivityTaskCancelRequested,
        ActivityTaskCancelRequestedEventAttributes = new()
        {
            ScheduledEventId = scheduledEventId,
            WorkflowTaskCompletedEventId = completed,
        },
    };

    public static HistoryEvent Cancelled(PendingActivity activity, Payloads? details, string identity) => new()
    {
        EventType = EventType.ActivityTaskCanceled,
        ActivityTaskCanceledEventAttributes = new()
        {
            Details = details,
            ScheduledEventId = activity.ScheduledEventId,
            LatestCancelRequestedEventId = activity.CancelRequestedEventId,
            Identity = identity,
        },
    };

    /// <summary>The last attempt failed or a timeout ended it all.</summary>
    public static HistoryEvent Ended(PendingActivity activity, Failure failure, RetryState state) =>
        failure.TimeoutFailureInfo is { } timeout
            ? new()
            {
                EventType = EventType.ActivityTaskTimedOut,
                ActivityTaskTimedOutEventAttributes = new()
                {
                    Failure = failure,
                    ScheduledEventId = activity.ScheduledEventId,
                    // A retry that schedule-to-close forbids ends with the failure of the attempt, state TIMEOUT.
                    RetryState = timeout.TimeoutType is TimeoutType.ScheduleToClose or TimeoutType.ScheduleToStart
                        ? RetryState.Timeout
                        : state,
                },
            }
            : new()
            {
                EventType = EventType.ActivityTaskFailed,
                ActivityTaskFailedEventAttributes = new()
                {
                    Failure = failure,
                    ScheduledEventId = activity.ScheduledEventId,
                    Identity = activity.Identity,
                    RetryState = state,
                },
            };

    public static Failure Timeout(PendingActivity activity, TimeoutType type) => new()
    {
        // The real server says the same whether the time ran out or is too short for another attempt.
        Message = type == TimeoutType.ScheduleToClose
            ? "Not enough time to schedule next retry before activity ScheduleToClose timeout, giving up retrying"
            : $"activity {type} timeout",
        Source = "Server",
        Cause = activity.LastFailure,
        TimeoutFailureInfo = new() { TimeoutType = type, LastHeartbeatDetails = activity.HeartbeatDetails },
    };
}
