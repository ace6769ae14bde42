using Google.Protobuf.WellKnownTypes;
using Nstance.Temporal.TestServer.Activities;
using Temporalio.Api.Activity.V1;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.Workflow.V1;

namespace Nstance.Temporal.TestServer.Describing;

/// <summary>What describe shows of an activity that has not ended.</summary>
internal static class ActivityDescription
{
    public static PendingActivityInfo Of(PendingActivity activity, DateTimeOffset now)
    {
        var scheduled = activity.NextAttemptTime ?? activity.AttemptScheduledTime;
        var info = new PendingActivityInfo
        {
            ActivityId = activity.Scheduled.ActivityId,
            ActivityType = activity.Scheduled.ActivityType,
            State = State(activity),
            Attempt = activity.Attempt,
            MaximumAttempts = activity.Options.RetryPolicy.MaximumAttempts,
            // In a back-off this is when the next attempt will be scheduled.
            ScheduledTime = Time(scheduled),
            LastStartedTime = activity.IsStarted ? Time(activity.StartedTime) : null,
            LastAttemptCompleteTime = Time(activity.AttemptEndTime),
            ExpirationTime = Time(activity.Deadline),
            LastFailure = activity.LastFailure,
            LastWorkerIdentity = activity.Identity,
            ActivityOptions = Options(activity.Options),
            Priority = activity.Options.Priority,
            Paused = activity.IsPaused,
            PauseInfo = activity.Pause,
        };
        if (activity.LastHeartbeatTime is { } beat)
        {
            info.LastHeartbeatTime = Time(beat);
            info.HeartbeatDetails = activity.HeartbeatDetails;
        }
        if (!activity.IsStarted && !activity.IsPaused && activity.NextAttemptTime is { } next && now < next)
        {
            info.NextAttemptScheduleTime = Time(next);
            info.CurrentRetryInterval = activity.AttemptEndTime is { } end ? Duration.FromTimeSpan(next - end) : null;
        }
        return info;
    }

    private static ActivityOptions Options(ActivityOptions options)
    {
        var shown = options.Clone();
        shown.RetryPolicy.NonRetryableErrorTypes.Clear();
        return shown;
    }

    private static PendingActivityState State(PendingActivity activity) => activity switch
    {
        { CancelRequestedEventId: > 0 } => PendingActivityState.CancelRequested,
        { IsStarted: true, IsPaused: true } => PendingActivityState.PauseRequested,
        { IsStarted: true } => PendingActivityState.Started,
        { IsPaused: true } => PendingActivityState.Paused,
        _ => PendingActivityState.Scheduled,
    };

    private static Timestamp? Time(DateTimeOffset? time) =>
        time is { } at && at > DateTimeOffset.UnixEpoch ? Timestamp.FromDateTimeOffset(at) : null;
}
