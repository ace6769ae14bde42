using Nstance.Temporal.TestServer.Namespaces;
using Nstance.Temporal.TestServer.Runs;
using Nstance.Temporal.TestServer.Values;

namespace Nstance.Temporal.TestServer.Visibility;

/// <summary>A run as a query sees it.</summary>
internal sealed class VisibleRun(WorkflowRun run, SearchAttributeRegistry registry) : IVisibleExecution
{
    public WorkflowRun Run { get; } = run;

    public object? Value(string attribute) => attribute switch
    {
        "WorkflowId" => Run.WorkflowId,
        "RunId" => Run.RunId,
        "WorkflowType" => Run.WorkflowType,
        "ExecutionStatus" => Run.Status.ToString(),
        "StartTime" => Run.StartTime,
        "ExecutionTime" => Run.ExecutionTime,
        "CloseTime" => Run.CloseTime,
        "TaskQueue" => Run.TaskQueue,
        "HistoryLength" => Run.IsOpen ? null : (long)Run.Events.Count,
        "HistorySizeBytes" => Run.IsOpen ? null : Run.HistorySize,
        "StateTransitionCount" => Run.IsOpen ? null : (long)Run.Events.Count,
        "ExecutionDuration" => Run.CloseTime is { } closed
            ? (closed - Run.ExecutionTime).Ticks * TimeSpan.NanosecondsPerTick
            : null,
        "ParentWorkflowId" => Some(Run.Started.ParentWorkflowExecution?.WorkflowId),
        "ParentRunId" => Some(Run.Started.ParentWorkflowExecution?.RunId),
        "RootWorkflowId" => Some(Run.Started.RootWorkflowExecution?.WorkflowId) ?? Run.WorkflowId,
        "RootRunId" => Some(Run.Started.RootWorkflowExecution?.RunId) ?? Run.RunId,
        _ => Custom(attribute),
    };

    private static string? Some(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private object? Custom(string attribute)
    {
        if (!Run.SearchAttributes.TryGetValue(attribute, out var payload)
            || registry.TypeOf(Run.Namespace, attribute) is not { } type)
        {
            return null;
        }

        try
        {
            return SearchAttributeCodec.Decode(attribute, payload, type);
        }
        catch (InvalidInputException)
        {
            // Registered anew with another type since it was written.
            return null;
        }
    }
}
