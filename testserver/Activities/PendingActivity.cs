using Nstance.Temporal.TestServer.Clock;
using Nstance.Temporal.TestServer.Queues;
using Nstance.Temporal.TestServer.Runs;
using Temporalio.Api.Common.V1;
using Temporalio.Api.Failure.V1;
using Temporalio.Api.History.V1;

namespace Nstance.Temporal.TestServer.Activities;

/// <summary>An activity between its scheduling and its outcome, over all attempts.</summary>
internal sealed class PendingActivity(WorkflowRun run, long scheduledEventId, ActivityTaskScheduledEventAttributes scheduled) : IQueueItem
{
    public WorkflowRun Run { get; } = run;

    public long ScheduledEventId { get; } = scheduledEventId;

    public ActivityTaskScheduledEventAttributes Scheduled { get; } = scheduled;

    public DateTimeOffset ScheduledTime { get; init; }

    public DateTimeOffset? Deadline { get; set; }

    public int Attempt { get; set; } = 1;

    public bool IsStarted { get; set; }

    public bool IsDone { get; set; }

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
