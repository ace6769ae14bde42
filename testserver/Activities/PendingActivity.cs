using Nstance.Temporal.TestServer.Clock;
using Nstance.Temporal.TestServer.Queues;
using Nstance.Temporal.TestServer.Runs;
using Temporalio.Api.Activity.V1;
using Temporalio.Api.Common.V1;
using Temporalio.Api.Failure.V1;
using Temporalio.Api.History.V1;
using Temporalio.Api.Workflow.V1;

namespace Nstance.Temporal.TestServer.Activities;

/// <summary>An activity between its scheduling and its outcome, over all attempts.</summary>
internal sealed class PendingActivity(
    WorkflowRun run, long scheduledEventId, ActivityTaskScheduledEventAttributes scheduled) : IQueueItem
{
    public WorkflowRun Run { get; } = run;

    public long ScheduledEventId { get; } = scheduledEventId;

    public ActivityTaskScheduledEventAttributes Scheduled { get; } = scheduled;

    /// <summary>
    /// Timeouts, retry policy and queue as they are now; an operator may have changed what was scheduled.
    /// </summary>
    public required ActivityOptions Options { get; set; }

    public DateTimeOffset ScheduledTime { get; init; }

    public DateTimeOffset? Deadline { get; set; }

    public int Attempt { get; set; } = 1;

    public bool IsStarted { get; set; }

    public bool IsDone { get; set; }

    /// <summary>Who paused it, when and why; null when it is not paused.</summary>
    public PendingActivityInfo.Types.PauseInfo? Pause { get; set; }

    public string PauseRequestId { get; set; } = "";

    /// <summary>No attempt starts and no timeout ends it meanwhile; an attempt that runs may finish.</summary>
    public bool IsPaused => Pause != null;

    /// <summary>Reset by an operator during an attempt: its worker learns of it with the next heartbeat.</summary>
    public bool IsReset { get; set; }

    /// <summary>The next attempt starts without the heartbeat details of this one.</summary>
    public bool DropsHeartbeat { get; set; }

    public long CancelRequestedEventId { get; set; }

    public string Stamp { get; set; } = "";

    public string Identity { get; set; } = "";

    public DateTimeOffset AttemptScheduledTime { get; set; }

    public DateTimeOffset? StartedTime { get; set; }

    public DateTimeOffset? LastHeartbeatTime { get; set; }

    public DateTimeOffset? AttemptEndTime { get; set; }

    public DateTimeOffset? NextAttemptTime { get; set; }

    public Payloads? HeartbeatDetails { get; set; }

    public Failure? LastFailure { get; set; }

    public Alarm? ScheduleToClose { get; set; }

    public Alarm? ScheduleToStart { get; set; }

    public Alarm? StartToClose { get; set; }

    public Alarm? Heartbeat { get; set; }

    public Alarm? Backoff { get; set; }

    public long Entry { get; set; }

    public bool Waits(long entry) => !IsDone && !IsStarted && Entry == entry;

    public void CancelAttemptAlarms()
    {
        ScheduleToStart?.Cancel();
        StartToClose?.Cancel();
        Heartbeat?.Cancel();
        Backoff?.Cancel();
    }
}
