using Nstance.Temporal.TestServer.Clock;
using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Lifecycle;
using Temporalio.Api.Enums.V1;

namespace Nstance.Temporal.TestServer.Activities;

/// <summary>The four timeouts of activities. None of them ends an activity that is paused.</summary>
internal sealed class ActivityTimers(ServerEngine engine)
{
    public void Whole(PendingActivity activity)
    {
        activity.ScheduleToClose?.Cancel();
        activity.ScheduleToClose = activity.Deadline is { } due ? At(activity, due, TimeoutType.ScheduleToClose) : null;
    }

    public void Waiting(PendingActivity activity)
    {
        activity.ScheduleToStart?.Cancel();
        activity.ScheduleToStart = RunStarter.Some(activity.Options.ScheduleToStartTimeout) is { } limit
            ? At(activity, activity.AttemptScheduledTime + limit, TimeoutType.ScheduleToStart)
            : null;
    }

    public void Attempt(PendingActivity activity)
    {
        activity.StartToClose?.Cancel();
        activity.StartToClose = RunStarter.Some(activity.Options.StartToCloseTimeout) is { } limit
            ? At(activity, activity.StartedTime!.Value + limit, TimeoutType.StartToClose)
            : null;
        Heartbeat(activity);
    }

    public void Heartbeat(PendingActivity activity)
    {
        activity.Heartbeat?.Cancel();
        // Details and time of the last heartbeat outlive an attempt; the timeout counts from the start of the next.
        var last = activity.LastHeartbeatTime > activity.StartedTime
            ? activity.LastHeartbeatTime
            : activity.StartedTime;
        activity.Heartbeat = RunStarter.Some(activity.Options.HeartbeatTimeout) is { } limit
            ? At(activity, last!.Value + limit, TimeoutType.Heartbeat)
            : null;
    }

    private Alarm At(PendingActivity activity, DateTimeOffset due, TimeoutType type) => engine.Clock.Add(due, () =>
    {
        if (!activity.IsPaused && !activity.IsDone)
            engine.Activities.TimedOut(activity, type);
    });
}
