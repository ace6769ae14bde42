using Nstance.Temporal.TestServer.Runs;
using Temporalio.Api.Command.V1;
using Temporalio.Api.Enums.V1;

namespace Nstance.Temporal.TestServer.Commands;

/// <summary>
/// What will be pending when the commands of an answer so far are carried out: limits and double ids count these too.
/// </summary>
internal sealed class CommandTally(WorkflowRun run, int limit)
{
    private readonly HashSet<string> _activityIds =
        [.. run.Activities.Values.Select(each => each.Scheduled.ActivityId)];

    private readonly HashSet<string> _timerIds = [.. run.Timers.Keys];
    private int _children = run.Children.Count;
    private int _signals;
    private int _cancels;

    public (WorkflowTaskFailedCause Cause, string Message)? Add(Command command)
    {
        switch (command.CommandType)
        {
            case CommandType.ScheduleActivityTask:
                if (!_activityIds.Add(command.ScheduleActivityTaskCommandAttributes.ActivityId))
                    return (WorkflowTaskFailedCause.ScheduleActivityDuplicateId, "ActivityId is in use.");
                return Over(
                    _activityIds.Count, WorkflowTaskFailedCause.PendingActivitiesLimitExceeded, "pending activities");
            case CommandType.StartTimer:
                return _timerIds.Add(command.StartTimerCommandAttributes.TimerId)
                    ? null
                    : (WorkflowTaskFailedCause.StartTimerDuplicateId, "TimerId is in use.");
            case CommandType.CancelTimer:
                _timerIds.Remove(command.CancelTimerCommandAttributes.TimerId);
                return null;
            case CommandType.StartChildWorkflowExecution:
                return Over(
                    ++_children,
                    WorkflowTaskFailedCause.PendingChildWorkflowsLimitExceeded,
                    "pending child workflow executions");
            case CommandType.SignalExternalWorkflowExecution:
                return Over(
                    ++_signals,
                    WorkflowTaskFailedCause.PendingSignalsLimitExceeded,
                    "pending signals to external workflows");
            case CommandType.RequestCancelExternalWorkflowExecution:
                return Over(
                    ++_cancels,
                    WorkflowTaskFailedCause.PendingRequestCancelLimitExceeded,
                    "pending requests to cancel external workflows");
            default:
                return null;
        }
    }

    private (WorkflowTaskFailedCause Cause, string Message)? Over(
        int count, WorkflowTaskFailedCause cause, string what) =>
        count <= limit
            ? null
            : (cause, $"the number of {what}, {count - 1}, has reached the per-workflow limit of {limit}");
}
