using Nstance.Temporal.TestServer.Children;
using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Runs;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.History.V1;
using Temporalio.Api.Update.V1;

namespace Nstance.Temporal.TestServer.Resets;

/// <summary>
/// Writes to a reset run what came from outside after the point of the reset: signals, updates, and news of children
/// that were
/// started before it. Requests to cancel and terminations are not repeated.
/// </summary>
internal sealed class EventReapplier(
    ServerEngine engine, WorkflowRun run, IReadOnlySet<ResetReapplyExcludeType> excluded)
{
    public void Apply(IEnumerable<HistoryEvent> events)
    {
        foreach (var e in events)
            Apply(e);
    }

    private void Apply(HistoryEvent e)
    {
        switch (e.AttributesCase)
        {
            case HistoryEvent.AttributesOneofCase.WorkflowExecutionSignaledEventAttributes:
                Signal(e.WorkflowExecutionSignaledEventAttributes);
                break;
            case HistoryEvent.AttributesOneofCase.WorkflowExecutionUpdateAdmittedEventAttributes:
                Update(e.WorkflowExecutionUpdateAdmittedEventAttributes.Request);
                break;
            // One without a request has an event that admitted it, which brings the request.
            case HistoryEvent.AttributesOneofCase.WorkflowExecutionUpdateAcceptedEventAttributes:
                Update(e.WorkflowExecutionUpdateAcceptedEventAttributes.AcceptedRequest);
                break;
            case HistoryEvent.AttributesOneofCase.StartChildWorkflowExecutionInitiatedEventAttributes:
                var child = e.StartChildWorkflowExecutionInitiatedEventAttributes;
                run.ChildrenAfterReset.Add($"{child.WorkflowType.Name}:{child.WorkflowId}");
                break;
            case HistoryEvent.AttributesOneofCase.ChildWorkflowExecutionStartedEventAttributes:
                if (run.Children.TryGetValue(
                    e.ChildWorkflowExecutionStartedEventAttributes.InitiatedEventId, out var pending)
                        && pending.Started == null)
                    ChildNews.Start(engine, run, Write(e));
                break;
            default:
                if (ChildNews.EndOf(e) is { } initiated && run.Children.Remove(initiated, out var ended))
                    EndChild(e, ended);
                break;
        }
    }

    private void Signal(WorkflowExecutionSignaledEventAttributes signal)
    {
        if (excluded.Contains(ResetReapplyExcludeType.Signal))
            return;
        run.SignalCount++;
        run.RequestIds.Add("signal/" + signal.RequestId);
        run.Append(
            new()
            {
                EventType = EventType.WorkflowExecutionSignaled,
                WorkflowExecutionSignaledEventAttributes = signal.Clone(),
            },
            engine.Clock.Now);
    }

    private void Update(Request? request)
    {
        if (request == null
            || excluded.Contains(ResetReapplyExcludeType.Update)
            || run.Updates.Find(request.Meta.UpdateId) != null)
            return;
        run.Append(
            new()
            {
                EventType = EventType.WorkflowExecutionUpdateAdmitted,
                WorkflowExecutionUpdateAdmittedEventAttributes = new()
                {
                    Request = request,
                    Origin = UpdateAdmittedEventOrigin.Reapply,
                },
            },
            engine.Clock.Now);
        run.Updates.Admit(new(request) { IsInHistory = true });
    }

    private void EndChild(HistoryEvent e, PendingChild child)
    {
        var written = Write(e);
        if (written.EventType != EventType.StartChildWorkflowExecutionFailed)
            written.With("started_event_id", child.Started?.EventId ?? 0);
    }

    private HistoryEvent Write(HistoryEvent e) => run.Append(e.Clone(), engine.Clock.Now);
}
