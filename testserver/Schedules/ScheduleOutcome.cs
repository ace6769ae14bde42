using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Runs;
using Temporalio.Api.Enums.V1;

namespace Nstance.Temporal.TestServer.Schedules;

/// <summary>What the close of a run means to the schedule that started it.</summary>
internal static class ScheduleOutcome
{
    /// <summary>The schedule whose buffer must be looked at again, if any.</summary>
    public static IEnumerable<ScheduleEntry> Apply(ServerEngine engine, ScheduleStarter starter, WorkflowRun run)
    {
        if (starter.OwnerOf(run) is not { } entry)
            return [];
        if (run.ContinuedTo is { } next && engine.Runs.ByRunId(next) is { } follower)
        {
            // A retry or continue-as-new is the same action still.
            if (entry.Running == run)
                entry.Running = follower;
            return [];
        }

        starter.Forget(run);
        var wasRunning = entry.Running == run;
        foreach (var action in entry.Recent.Where(action => action.StartWorkflowResult.RunId == run.FirstRunId))
            action.StartWorkflowStatus = run.Status;
        if (wasRunning)
            entry.Running = null;
        Remember(entry, run);
        PauseAfterFailure(entry, run);
        return wasRunning ? [entry] : [];
    }

    private static void Remember(ScheduleEntry entry, WorkflowRun run)
    {
        var close = run.Events[^1];
        if (run.Status == WorkflowExecutionStatus.Completed)
        {
            entry.LastResult = close.WorkflowExecutionCompletedEventAttributes?.Result;
            entry.LastFailure = null;
        }
        else if (run.Status == WorkflowExecutionStatus.Failed)
        {
            entry.LastFailure = close.WorkflowExecutionFailedEventAttributes?.Failure;
        }
    }

    private static void PauseAfterFailure(ScheduleEntry entry, WorkflowRun run)
    {
        var failed = run.Status is WorkflowExecutionStatus.Failed or WorkflowExecutionStatus.TimedOut;
        if (!failed || !entry.Schedule.Policies.PauseOnFailure || entry.Schedule.State.Paused)
            return;
        entry.Schedule.State.Paused = true;
        entry.Schedule.State.Notes = run.Status == WorkflowExecutionStatus.TimedOut
            ? $"paused due to workflow timeout: {run.WorkflowId}"
            : $"paused due to workflow failure: {run.WorkflowId}: {entry.LastFailure?.Message}";
        entry.Touch();
        entry.Alarm?.Cancel();
    }
}
