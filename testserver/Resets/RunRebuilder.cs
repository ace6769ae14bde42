using Nstance.Temporal.TestServer.Activities;
using Nstance.Temporal.TestServer.Children;
using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Lifecycle;
using Nstance.Temporal.TestServer.Runs;
using Temporalio.Api.History.V1;

namespace Nstance.Temporal.TestServer.Resets;

/// <summary>A workflow task as a history leaves it: scheduled, perhaps started, not yet answered.</summary>
internal sealed record OpenTask(long ScheduledEventId, long StartedEventId);

/// <summary>Builds the state of a run from the first events of another one, as those events left it.</summary>
internal sealed class RunRebuilder(ServerEngine engine, WorkflowRun run)
{
    private OpenTask? _task;

    /// <summary>Timers that the events leave running, with the time that they end.</summary>
    public Dictionary<string, (long StartedEventId, DateTimeOffset Due)> Timers { get; } = new();

    /// <summary>Applies all events; returns the task that waits for an answer, or null.</summary>
    public OpenTask? Apply(IEnumerable<HistoryEvent> events)
    {
        foreach (var e in events)
        {
            run.Events.Add(e);
            run.HistorySize += e.CalculateSize();
            Apply(e);
        }
        return _task;
    }

    private void Apply(HistoryEvent e)
    {
        switch (e.AttributesCase)
        {
            case HistoryEvent.AttributesOneofCase.WorkflowTaskScheduledEventAttributes:
                _task = new(e.EventId, 0);
                break;
            case HistoryEvent.AttributesOneofCase.WorkflowTaskStartedEventAttributes:
                _task = new(e.WorkflowTaskStartedEventAttributes.ScheduledEventId, e.EventId);
                break;
            case HistoryEvent.AttributesOneofCase.WorkflowTaskCompletedEventAttributes:
                run.LastStartedEventId = e.WorkflowTaskCompletedEventAttributes.StartedEventId;
                ResetPoints.Record(run, e);
                _task = null;
                break;
            case HistoryEvent.AttributesOneofCase.WorkflowTaskFailedEventAttributes:
            case HistoryEvent.AttributesOneofCase.WorkflowTaskTimedOutEventAttributes:
                _task = null;
                break;
            case HistoryEvent.AttributesOneofCase.WorkflowExecutionSignaledEventAttributes:
                run.SignalCount++;
                if (e.WorkflowExecutionSignaledEventAttributes.RequestId is { Length: > 0 } request)
                    run.RequestIds.Add("signal/" + request);
                break;
            case HistoryEvent.AttributesOneofCase.WorkflowExecutionCancelRequestedEventAttributes:
                run.CancelRequested = true;
                break;
            case HistoryEvent.AttributesOneofCase.UpsertWorkflowSearchAttributesEventAttributes:
                engine.SearchAttributes.Apply(run, e.UpsertWorkflowSearchAttributesEventAttributes.SearchAttributes);
                break;
            case HistoryEvent.AttributesOneofCase.WorkflowPropertiesModifiedEventAttributes:
                RunStarter.ApplyMemo(run, e.WorkflowPropertiesModifiedEventAttributes.UpsertedMemo);
                break;
            case HistoryEvent.AttributesOneofCase.TimerStartedEventAttributes:
                var timer = e.TimerStartedEventAttributes;
                Timers[timer.TimerId] =
                    (e.EventId, e.EventTime.ToDateTimeOffset() + timer.StartToFireTimeout.ToTimeSpan());
                break;
            case HistoryEvent.AttributesOneofCase.TimerFiredEventAttributes:
                Timers.Remove(e.TimerFiredEventAttributes.TimerId);
                break;
            case HistoryEvent.AttributesOneofCase.TimerCanceledEventAttributes:
                Timers.Remove(e.TimerCanceledEventAttributes.TimerId);
                break;
            default:
                if (!ApplyActivity(e) && !ApplyUpdate(e))
                    ApplyChild(e);
                break;
        }
    }

    private bool ApplyActivity(HistoryEvent e)
    {
        switch (e.AttributesCase)
        {
            case HistoryEvent.AttributesOneofCase.ActivityTaskScheduledEventAttributes:
                var scheduled = e.ActivityTaskScheduledEventAttributes;
                // A reset gives it all its time again.
                run.Activities[e.EventId] = new(run, e.EventId, scheduled)
                {
                    Options = ActivityEvents.Options(scheduled),
                    ScheduledTime = engine.Clock.Now,
                };
                return true;
            case HistoryEvent.AttributesOneofCase.ActivityTaskCancelRequestedEventAttributes:
                if (run.Activities.TryGetValue(
                    e.ActivityTaskCancelRequestedEventAttributes.ScheduledEventId, out var activity))
                    activity.CancelRequestedEventId = e.EventId;
                return true;
            case HistoryEvent.AttributesOneofCase.ActivityTaskCompletedEventAttributes:
                return run.Activities.Remove(e.ActivityTaskCompletedEventAttributes.ScheduledEventId);
            case HistoryEvent.AttributesOneofCase.ActivityTaskFailedEventAttributes:
                return run.Activities.Remove(e.ActivityTaskFailedEventAttributes.ScheduledEventId);
            case HistoryEvent.AttributesOneofCase.ActivityTaskTimedOutEventAttributes:
                return run.Activities.Remove(e.ActivityTaskTimedOutEventAttributes.ScheduledEventId);
            case HistoryEvent.AttributesOneofCase.ActivityTaskCanceledEventAttributes:
                return run.Activities.Remove(e.ActivityTaskCanceledEventAttributes.ScheduledEventId);
            default:
                return false;
        }
    }

    private bool ApplyUpdate(HistoryEvent e)
    {
        switch (e.AttributesCase)
        {
            case HistoryEvent.AttributesOneofCase.WorkflowExecutionUpdateAdmittedEventAttributes:
                run.Updates.Admit(new(e.WorkflowExecutionUpdateAdmittedEventAttributes.Request) { IsInHistory = true });
                return true;
            case HistoryEvent.AttributesOneofCase.WorkflowExecutionUpdateAcceptedEventAttributes:
                var accepted = e.WorkflowExecutionUpdateAcceptedEventAttributes;
                var update = run.Updates.Find(accepted.ProtocolInstanceId);
                if (update == null)
                    run.Updates.Admit(update = new(accepted.AcceptedRequest));
                update.AcceptedEventId = e.EventId;
                update.Accept();
                return true;
            case HistoryEvent.AttributesOneofCase.WorkflowExecutionUpdateCompletedEventAttributes:
                var completed = e.WorkflowExecutionUpdateCompletedEventAttributes;
                run.Updates.Find(completed.Meta.UpdateId)?.Complete(completed.Outcome);
                return true;
            default:
                return false;
        }
    }

    private void ApplyChild(HistoryEvent e)
    {
        if (e.AttributesCase == HistoryEvent.AttributesOneofCase.StartChildWorkflowExecutionInitiatedEventAttributes)
            run.Children[e.EventId] =
                new PendingChild(e.EventId, e.StartChildWorkflowExecutionInitiatedEventAttributes);
        else if (e.AttributesCase == HistoryEvent.AttributesOneofCase.ChildWorkflowExecutionStartedEventAttributes)
            ChildNews.Start(engine, run, e);
        else if (ChildNews.EndOf(e) is { } initiated)
            run.Children.Remove(initiated);
    }
}
