using Grpc.Core;
using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Runs;
using Temporalio.Api.Command.V1;
using Temporalio.Api.Common.V1;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.History.V1;

namespace Nstance.Temporal.TestServer.Children;

/// <summary>Signals and cancel requests from one workflow to another.</summary>
internal sealed class ExternalEngine(ServerEngine engine)
{
    public void InitiateSignal(WorkflowRun run, long completed, Command command)
    {
        var asked = command.SignalExternalWorkflowExecutionCommandAttributes;
        var ns = asked.Namespace.Length > 0 ? asked.Namespace : run.Namespace;
        var e = run.Append(
            new()
            {
                EventType = EventType.SignalExternalWorkflowExecutionInitiated,
                SignalExternalWorkflowExecutionInitiatedEventAttributes = new()
                {
                    WorkflowTaskCompletedEventId = completed,
                    Namespace = ns,
                    WorkflowExecution = asked.Execution,
                    SignalName = asked.SignalName,
                    Input = asked.Input,
                    Control = asked.Control,
                    ChildWorkflowOnly = asked.ChildWorkflowOnly,
                    Header = asked.Header,
                },
                UserMetadata = command.UserMetadata,
            },
            engine.Clock.Now);
        engine.Defer(() => Signal(run, ns, asked, e.EventId, completed));
    }

    public void InitiateCancel(WorkflowRun run, long completed, Command command)
    {
        var asked = command.RequestCancelExternalWorkflowExecutionCommandAttributes;
        var ns = asked.Namespace.Length > 0 ? asked.Namespace : run.Namespace;
        var execution = new WorkflowExecution { WorkflowId = asked.WorkflowId, RunId = asked.RunId };
        var e = run.Append(
            new()
            {
                EventType = EventType.RequestCancelExternalWorkflowExecutionInitiated,
                RequestCancelExternalWorkflowExecutionInitiatedEventAttributes = new()
                {
                    WorkflowTaskCompletedEventId = completed,
                    Namespace = ns,
                    WorkflowExecution = execution,
                    Control = asked.Control,
                    ChildWorkflowOnly = asked.ChildWorkflowOnly,
                    Reason = asked.Reason,
                },
                UserMetadata = command.UserMetadata,
            },
            engine.Clock.Now);
        engine.Defer(() => Cancel(run, ns, execution, asked, e.EventId, completed));
    }

    private WorkflowRun? Target(WorkflowRun run, string ns, WorkflowExecution execution, bool childOnly)
    {
        // A workflow is not external to itself, whatever run it names.
        if (ns == run.Namespace && execution.WorkflowId == run.WorkflowId)
            return null;
        var target = engine.Runs.Find(ns, execution);
        // A child's first run id still means the child after it continued as new.
        if (target is { IsOpen: false } && engine.Runs.Current(ns, execution.WorkflowId) is { IsOpen: true } current
            && current.FirstRunId == target.FirstRunId)
            target = current;
        return childOnly && target?.Started.ParentWorkflowExecution?.RunId != run.RunId ? null : target;
    }

    private void Signal(
        WorkflowRun run,
        string ns,
        SignalExternalWorkflowExecutionCommandAttributes asked,
        long initiated,
        long completed)
    {
        SignalExternalWorkflowExecutionFailedCause? cause = null;
        if (!engine.Namespaces.Exists(ns))
            cause = SignalExternalWorkflowExecutionFailedCause.NamespaceNotFound;
        else if (Target(run, ns, asked.Execution, asked.ChildWorkflowOnly) is not { IsOpen: true } target)
            cause = SignalExternalWorkflowExecutionFailedCause.ExternalWorkflowExecutionNotFound;
        else
        {
            try
            {
                engine.Lifecycle.Signal(
                    target, asked.SignalName, asked.Input, asked.Header, "history-service", "", run.Execution);
            }
            catch (RpcException)
            {
                cause = SignalExternalWorkflowExecutionFailedCause.SignalCountLimitExceeded;
            }
        }
        Tell(run, ns, asked.Execution, initiated, cause is { } why
            ? new HistoryEvent
            {
                EventType = EventType.SignalExternalWorkflowExecutionFailed,
                SignalExternalWorkflowExecutionFailedEventAttributes = new()
                {
                    Cause = why,
                    WorkflowTaskCompletedEventId = completed,
                    Control = asked.Control,
                },
            }
            : new()
            {
                EventType = EventType.ExternalWorkflowExecutionSignaled,
                ExternalWorkflowExecutionSignaledEventAttributes = new() { Control = asked.Control },
            });
    }

    private void Cancel(
        WorkflowRun run,
        string ns,
        WorkflowExecution execution,
        RequestCancelExternalWorkflowExecutionCommandAttributes asked,
        long initiated,
        long completed)
    {
        CancelExternalWorkflowExecutionFailedCause? cause = null;
        if (!engine.Namespaces.Exists(ns))
            cause = CancelExternalWorkflowExecutionFailedCause.NamespaceNotFound;
        else if (Target(run, ns, execution, asked.ChildWorkflowOnly) is not { } target)
            cause = CancelExternalWorkflowExecutionFailedCause.ExternalWorkflowExecutionNotFound;
        else
            engine.Lifecycle.RequestCancel(target, asked.Reason, "history-service", run.Execution, initiated);
        Tell(run, ns, execution, initiated, cause is { } why
            ? new HistoryEvent
            {
                EventType = EventType.RequestCancelExternalWorkflowExecutionFailed,
                RequestCancelExternalWorkflowExecutionFailedEventAttributes = new()
                {
                    Cause = why,
                    WorkflowTaskCompletedEventId = completed,
                    Control = asked.Control,
                },
            }
            : new()
            {
                EventType = EventType.ExternalWorkflowExecutionCancelRequested,
                ExternalWorkflowExecutionCancelRequestedEventAttributes = new(),
            });
    }

    /// <summary>Tells the workflow that asked what came of it.</summary>
    private void Tell(WorkflowRun run, string ns, WorkflowExecution execution, long initiated, HistoryEvent news)
    {
        if (!run.IsOpen)
            return;
        news = news
            .With("namespace", ns)
            .With("workflow_execution", execution)
            .With("initiated_event_id", initiated);
        engine.Tasks.Record(run, news);
    }
}
