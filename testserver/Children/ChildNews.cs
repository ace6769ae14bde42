using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Runs;
using Temporalio.Api.Common.V1;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.History.V1;

namespace Nstance.Temporal.TestServer.Children;

/// <summary>The event by which a parent learns how its child ended.</summary>
internal static class ChildNews
{
    public static HistoryEvent Of(WorkflowRun run, HistoryEvent close, long initiatedEventId) =>
        Ending(run.Status, close)
            .With("namespace", run.Namespace)
            .With("workflow_execution", run.Execution)
            .With("workflow_type", new WorkflowType { Name = run.WorkflowType })
            .With("initiated_event_id", initiatedEventId);

    /// <summary>Notes in the parent's state that a child started.</summary>
    public static void Start(ServerEngine engine, WorkflowRun parent, HistoryEvent started)
    {
        var attributes = started.ChildWorkflowExecutionStartedEventAttributes;
        if (!parent.Children.TryGetValue(attributes.InitiatedEventId, out var child))
            return;
        child.Started = started;
        child.Run = engine.Runs.Heir(attributes.WorkflowExecution.RunId);
        while (child.Run?.ContinuedTo is { } next && engine.Runs.Heir(next) is { } run)
            child.Run = run;
    }

    /// <summary>The initiated event of the child whose end an event tells; null for other events.</summary>
    public static long? EndOf(HistoryEvent e) => e.AttributesCase switch
    {
        HistoryEvent.AttributesOneofCase.StartChildWorkflowExecutionFailedEventAttributes =>
            e.StartChildWorkflowExecutionFailedEventAttributes.InitiatedEventId,
        HistoryEvent.AttributesOneofCase.ChildWorkflowExecutionCompletedEventAttributes =>
            e.ChildWorkflowExecutionCompletedEventAttributes.InitiatedEventId,
        HistoryEvent.AttributesOneofCase.ChildWorkflowExecutionFailedEventAttributes =>
            e.ChildWorkflowExecutionFailedEventAttributes.InitiatedEventId,
        HistoryEvent.AttributesOneofCase.ChildWorkflowExecutionCanceledEventAttributes =>
            e.ChildWorkflowExecutionCanceledEventAttributes.InitiatedEventId,
        HistoryEvent.AttributesOneofCase.ChildWorkflowExecutionTimedOutEventAttributes =>
            e.ChildWorkflowExecutionTimedOutEventAttributes.InitiatedEventId,
        HistoryEvent.AttributesOneofCase.ChildWorkflowExecutionTerminatedEventAttributes =>
            e.ChildWorkflowExecutionTerminatedEventAttributes.InitiatedEventId,
        _ => null,
    };

    private static HistoryEvent Ending(WorkflowExecutionStatus status, HistoryEvent close) => status switch
    {
        WorkflowExecutionStatus.Completed => new()
        {
            EventType = EventType.ChildWorkflowExecutionCompleted,
            ChildWorkflowExecutionCompletedEventAttributes = new()
            {
                Result = close.WorkflowExecutionCompletedEventAttributes.Result,
            },
        },
        WorkflowExecutionStatus.Failed => new()
        {
            EventType = EventType.ChildWorkflowExecutionFailed,
            ChildWorkflowExecutionFailedEventAttributes = new()
            {
                Failure = close.WorkflowExecutionFailedEventAttributes.Failure,
                RetryState = close.WorkflowExecutionFailedEventAttributes.RetryState,
            },
        },
        WorkflowExecutionStatus.Canceled => new()
        {
            EventType = EventType.ChildWorkflowExecutionCanceled,
            ChildWorkflowExecutionCanceledEventAttributes = new()
            {
                Details = close.WorkflowExecutionCanceledEventAttributes.Details,
            },
        },
        WorkflowExecutionStatus.TimedOut => new()
        {
            EventType = EventType.ChildWorkflowExecutionTimedOut,
            ChildWorkflowExecutionTimedOutEventAttributes = new()
            {
                RetryState = close.WorkflowExecutionTimedOutEventAttributes.RetryState,
            },
        },
        _ => new()
        {
            EventType = EventType.ChildWorkflowExecutionTerminated,
            ChildWorkflowExecutionTerminatedEventAttributes = new(),
        },
    };
}
