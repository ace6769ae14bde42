using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Lifecycle;
using Nstance.Temporal.TestServer.Runs;
using Temporalio.Api.Command.V1;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.History.V1;
using Temporalio.Api.WorkflowService.V1;

namespace Nstance.Temporal.TestServer.Commands;

/// <summary>Carries out the commands of a completed workflow task, in order.</summary>
internal sealed class CommandRunner(ServerEngine engine)
{
    /// <summary>Returns whether the workflow must be woken at once because of what a command led to.</summary>
    public bool Carry(WorkflowRun run, long completed, RespondWorkflowTaskCompletedRequest request)
    {
        var wake = false;
        var messages = request.Messages.ToDictionary(each => each.Id);
        foreach (var command in request.Commands)
        {
            if (!run.IsOpen)
                break;
            wake |= Carry(run, completed, command, messages);
        }
        if (run.IsOpen)
            engine.Updates.Take(run, messages.Values, completed, null);
        return wake;
    }

    private bool Carry(
        WorkflowRun run,
        long completed,
        Command command,
        Dictionary<string, Temporalio.Api.Protocol.V1.Message> messages)
    {
        switch (command.CommandType)
        {
            case CommandType.ScheduleActivityTask:
                engine.Activities.Schedule(run, completed, command);
                return false;
            case CommandType.RequestCancelActivityTask:
                return engine.Activities.RequestCancel(
                    run, completed, command.RequestCancelActivityTaskCommandAttributes.ScheduledEventId);
            case CommandType.StartTimer:
                StartTimer(run, completed, command);
                return false;
            case CommandType.CancelTimer:
                CancelTimer(run, completed, command.CancelTimerCommandAttributes.TimerId);
                return false;
            case CommandType.RecordMarker:
                var marker = command.RecordMarkerCommandAttributes;
                var recorded = new MarkerRecordedEventAttributes
                {
                    MarkerName = marker.MarkerName,
                    WorkflowTaskCompletedEventId = completed,
                    Header = marker.Header,
                    Failure = marker.Failure,
                };
                recorded.Details.Add(marker.Details);
                Write(
                    run,
                    command,
                    new() { EventType = EventType.MarkerRecorded, MarkerRecordedEventAttributes = recorded });
                return false;
            case CommandType.UpsertWorkflowSearchAttributes:
                var upsert = command.UpsertWorkflowSearchAttributesCommandAttributes.SearchAttributes;
                engine.SearchAttributes.Apply(run, upsert);
                Write(run, command, new()
                {
                    EventType = EventType.UpsertWorkflowSearchAttributes,
                    UpsertWorkflowSearchAttributesEventAttributes = new()
                    {
                        WorkflowTaskCompletedEventId = completed,
                        SearchAttributes = upsert,
                    },
                });
                return false;
            case CommandType.ModifyWorkflowProperties:
                var memo = command.ModifyWorkflowPropertiesCommandAttributes.UpsertedMemo;
                RunStarter.ApplyMemo(run, memo);
                Write(run, command, new()
                {
                    EventType = EventType.WorkflowPropertiesModified,
                    WorkflowPropertiesModifiedEventAttributes = new()
                    {
                        WorkflowTaskCompletedEventId = completed,
                        UpsertedMemo = memo,
                    },
                });
                return false;
            case CommandType.StartChildWorkflowExecution:
                engine.Children.Initiate(run, completed, command);
                return false;
            case CommandType.SignalExternalWorkflowExecution:
                engine.Externals.InitiateSignal(run, completed, command);
                return false;
            case CommandType.RequestCancelExternalWorkflowExecution:
                engine.Externals.InitiateCancel(run, completed, command);
                return false;
            case CommandType.ProtocolMessage:
                if (messages.Remove(command.ProtocolMessageCommandAttributes.MessageId, out var message))
                    engine.Updates.Take(run, [message], completed, command);
                return false;
            case CommandType.CompleteWorkflowExecution:
                engine.Closing.Complete(run, completed, command.CompleteWorkflowExecutionCommandAttributes.Result);
                return false;
            case CommandType.FailWorkflowExecution:
                engine.Closing.Fail(run, completed, command.FailWorkflowExecutionCommandAttributes.Failure);
                return false;
            case CommandType.CancelWorkflowExecution:
                engine.Closing.Cancel(run, completed, command.CancelWorkflowExecutionCommandAttributes.Details);
                return false;
            case CommandType.ContinueAsNewWorkflowExecution:
                engine.Closing.ContinueAsNew(run, completed, command.ContinueAsNewWorkflowExecutionCommandAttributes);
                return false;
            default:
                return false;
        }
    }

    /// <summary>Lets a timer fire at a time; one that has passed means now.</summary>
    public void Arm(WorkflowRun run, string id, long startedEventId, DateTimeOffset due)
    {
        var alarm = engine.Clock.Add(due, () =>
        {
            if (!run.IsOpen || !run.Timers.Remove(id))
                return;
            engine.Tasks.Record(run, new()
            {
                EventType = EventType.TimerFired,
                TimerFiredEventAttributes = new() { TimerId = id, StartedEventId = startedEventId },
            });
        });
        run.Timers[id] = new(id, startedEventId, alarm);
    }

    private HistoryEvent Write(WorkflowRun run, Command command, HistoryEvent e)
    {
        e.UserMetadata = command.UserMetadata;
        return run.Append(e, engine.Clock.Now);
    }

    private void StartTimer(WorkflowRun run, long completed, Command command)
    {
        var timer = command.StartTimerCommandAttributes;
        var started = Write(run, command, new()
        {
            EventType = EventType.TimerStarted,
            TimerStartedEventAttributes = new()
            {
                TimerId = timer.TimerId,
                StartToFireTimeout = timer.StartToFireTimeout,
                WorkflowTaskCompletedEventId = completed,
            },
        });
        var delay = timer.StartToFireTimeout?.ToTimeSpan() ?? TimeSpan.Zero;
        Arm(run, timer.TimerId, started.EventId, engine.Clock.Now + delay);
    }

    private void CancelTimer(WorkflowRun run, long completed, string id)
    {
        long startedEventId;
        if (run.Timers.Remove(id, out var timer))
        {
            timer.Alarm.Cancel();
            startedEventId = timer.StartedEventId;
        }
        else
        {
            // It fired while the task ran and the workflow has not seen that: for the workflow it never fires.
            var fired = run.Buffered.FindIndex(each => each.Event.TimerFiredEventAttributes?.TimerId == id);
            if (fired < 0)
                return;
            startedEventId = run.Buffered[fired].Event.TimerFiredEventAttributes.StartedEventId;
            run.Buffered.RemoveAt(fired);
        }
        run.Append(
            new()
            {
                EventType = EventType.TimerCanceled,
                TimerCanceledEventAttributes = new()
                {
                    TimerId = id,
                    StartedEventId = startedEventId,
                    WorkflowTaskCompletedEventId = completed,
                },
            },
            engine.Clock.Now);
    }
}
