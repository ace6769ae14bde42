using Google.Protobuf.WellKnownTypes;
using Nstance.Temporal.TestServer.Hosting;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.Failure.V1;
using Temporalio.Api.History.V1;
using Temporalio.Api.WorkflowService.V1;

namespace Nstance.Temporal.TestServer.Tasks;

/// <summary>The events of a workflow task.</summary>
internal static class TaskEvents
{
    public static HistoryEvent Scheduled(WorkflowTask task) => new()
    {
        EventType = EventType.WorkflowTaskScheduled,
        WorkflowTaskScheduledEventAttributes = new()
        {
            TaskQueue = new() { Name = task.Run.TaskQueue, Kind = TaskQueueKind.Normal },
            StartToCloseTimeout = Duration.FromTimeSpan(task.StartToClose),
            Attempt = task.Attempt,
        },
    };

    public static HistoryEvent Started(WorkflowTask task, ServerLimits limits) => new()
    {
        EventType = EventType.WorkflowTaskStarted,
        WorkflowTaskStartedEventAttributes = new()
        {
            ScheduledEventId = task.ScheduledEventId,
            Identity = task.Identity,
            RequestId = Guid.NewGuid().ToString(),
            HistorySizeBytes = task.Run.HistorySize,
            SuggestContinueAsNew = task.Run.Events.Count >= limits.SuggestContinueAsNewCount
                || task.Run.HistorySize >= limits.SuggestContinueAsNewSize,
        },
    };

    public static HistoryEvent Completed(WorkflowTask task, RespondWorkflowTaskCompletedRequest request) => new()
    {
        EventType = EventType.WorkflowTaskCompleted,
        WorkflowTaskCompletedEventAttributes = new()
        {
            ScheduledEventId = task.ScheduledEventId,
            StartedEventId = task.StartedEventId,
            Identity = request.Identity,
            BinaryChecksum = request.BinaryChecksum,
            WorkerVersion = request.WorkerVersionStamp,
            SdkMetadata = request.SdkMetadata,
            MeteringMetadata = request.MeteringMetadata,
        },
    };

    public static HistoryEvent Failed(
        WorkflowTask task, WorkflowTaskFailedCause cause, Failure? failure, string identity) => new()
        {
            EventType = EventType.WorkflowTaskFailed,
            WorkflowTaskFailedEventAttributes = new()
            {
                ScheduledEventId = task.ScheduledEventId,
                StartedEventId = task.StartedEventId,
                Cause = cause,
                Failure = failure,
                Identity = identity,
            },
        };

    /// <summary>The started task got no answer in time.</summary>
    public static HistoryEvent TimedOut(WorkflowTask task) => new()
    {
        EventType = EventType.WorkflowTaskTimedOut,
        WorkflowTaskTimedOutEventAttributes = new()
        {
            ScheduledEventId = task.ScheduledEventId,
            StartedEventId = task.StartedEventId,
            TimeoutType = TimeoutType.StartToClose,
        },
    };

    /// <summary>No worker took the task in time.</summary>
    public static HistoryEvent NotStarted(WorkflowTask task) => new()
    {
        EventType = EventType.WorkflowTaskTimedOut,
        WorkflowTaskTimedOutEventAttributes = new()
        {
            ScheduledEventId = task.ScheduledEventId,
            TimeoutType = TimeoutType.ScheduleToStart,
        },
    };
}
