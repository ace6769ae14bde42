using Nstance.Temporal.TestServer.Hosting;
using Nstance.Temporal.TestServer.Runs;
using Nstance.Temporal.TestServer.Visibility;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.History.V1;

namespace Nstance.Temporal.TestServer.Tasks;

/// <summary>
/// Keeps <c>TemporalReportedProblems</c>: the search attribute by which an operator finds stuck workflows.
/// </summary>
internal static class TaskProblems
{
    private const string Attribute = "TemporalReportedProblems";

    /// <summary>
    /// Remembers why the task failed; later attempts leave no event, and report the first one's reason.
    /// </summary>
    public static void Remember(WorkflowRun run, HistoryEvent failed) => run.LastTaskProblem =
        failed.WorkflowTaskFailedEventAttributes is { } failure
            ? ["category=WorkflowTaskFailed", $"cause=WorkflowTaskFailedCause{failure.Cause}"]
            : ["category=WorkflowTaskTimedOut", $"cause=WorkflowTaskTimedOutCause{TimeoutType.StartToClose}"];

    /// <summary>Counts a failed task, and reports the problem when there are too many of them in a row.</summary>
    public static void Count(WorkflowRun run, ServerLimits limits)
    {
        run.FailedTasks++;
        if (limits.ReportedTaskProblems > 0 && run.FailedTasks >= limits.ReportedTaskProblems
            && run.LastTaskProblem is { } problem)
            run.SearchAttributes[Attribute] = SearchAttributeCodec.Encode(problem, IndexedValueType.KeywordList);
    }

    /// <summary>A task succeeded: nothing is wrong any more.</summary>
    public static void Clear(WorkflowRun run)
    {
        run.FailedTasks = 0;
        run.LastTaskProblem = null;
        run.SearchAttributes.Remove(Attribute);
    }
}
