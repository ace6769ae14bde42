using Nstance.Temporal.TestServer.Binding;
using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Runs;
using Temporalio.Api.Common.V1;
using Temporalio.Api.Enums.V1;

namespace Nstance.Temporal.TestServer.Resets;

/// <summary>The event to reset a run to, by name instead of number.</summary>
internal static class ResetTargets
{
    /// <summary>
    /// Completion of the first workflow task; when none completed, the event after the first was scheduled.
    /// </summary>
    public static long First(WorkflowRun run) => Completed(run, last: false) ?? AfterScheduled(run);

    /// <summary>
    /// Completion of the last workflow task; when none completed, the event after the first was scheduled.
    /// </summary>
    public static long Last(WorkflowRun run) => Completed(run, last: true) ?? AfterScheduled(run);

    /// <summary>Completion of the first task by a build; the run that it is in may be an earlier one.</summary>
    public static long Build(ref WorkflowRun run, ResetOptions options, ServerEngine engine)
    {
        var point = run.ResetPoints.Find(each => each.BuildId == options.BuildId)
            ?? throw Fault.InvalidArgument($"Can't find reset point for {options.BuildId}");
        if (!point.Resettable)
            throw Fault.InvalidArgument($"Reset point for {options.BuildId} is not resettable");
        if (point.ExpireTime?.ToDateTimeOffset() < engine.Clock.Now)
            throw Fault.InvalidArgument($"Reset point for {options.BuildId} is expired");
        if (point.RunId != run.RunId && options.CurrentRunOnly)
            throw Fault.InvalidArgument(
                $"Reset point for {options.BuildId} points to previous run and CurrentRunOnly is set");
        run = engine.Runs.ByRunId(point.RunId) ?? throw Fault.RunNotFound(run.WorkflowId);
        return point.FirstWorkflowTaskCompletedId;
    }

    private static long? Completed(WorkflowRun run, bool last)
    {
        var ids = run.Events.Where(e => e.EventType == EventType.WorkflowTaskCompleted).Select(e => (long?)e.EventId);
        return last ? ids.LastOrDefault() : ids.FirstOrDefault();
    }

    private static long AfterScheduled(WorkflowRun run) =>
        run.Events.Find(e => e.EventType == EventType.WorkflowTaskScheduled)?.EventId + 1
        ?? throw Fault.InvalidArgument("unable to find any scheduled or completed task");
}
