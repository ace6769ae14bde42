using Nstance.Temporal.TestServer.Binding;
using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Runs;
using Temporalio.Api.Command.V1;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.ErrorDetails.V1;
using Temporalio.Api.Protocol.V1;
using Temporalio.Api.Update.V1;

namespace Nstance.Temporal.TestServer.Updates;

/// <summary>Updates: admission, what workers say about them, and what becomes of them when a run closes.</summary>
internal sealed class UpdateEngine(ServerEngine engine)
{
    /// <summary>Admits an update, or finds the one of the same id.</summary>
    public PendingUpdate Admit(WorkflowRun run, Request request)
    {
        if (run.Updates.Find(request.Meta.UpdateId) is { } known)
            return known;
        if (!run.IsOpen)
            throw Fault.NotFound("workflow execution already completed");
        if (run.Updates.InFlight >= engine.Limits.InFlightUpdates)
        {
            throw Fault.Exhausted(
                $"limit on number of concurrent in-flight updates has been reached ({engine.Limits.InFlightUpdates})",
                ResourceExhaustedCause.ConcurrentLimit);
        }
        if (run.Updates.Total >= engine.Limits.TotalUpdates)
        {
            throw Fault.FailedPrecondition(
                "The limit on the total number of distinct updates in this workflow execution "
                + $"has been reached ({engine.Limits.TotalUpdates})");
        }
        var update = new PendingUpdate(request);
        run.Updates.Admit(update);
        engine.Tasks.ScheduleSpeculative(run);
        return update;
    }

    /// <summary>
    /// Takes messages of a worker. <paramref name="completed"/> is the event of the task that brought them.
    /// </summary>
    public void Take(WorkflowRun run, IEnumerable<Message> messages, long completed, Command? command)
    {
        foreach (var message in messages)
        {
            if (run.Updates.Find(message.ProtocolInstanceId) is { } update)
                Take(run, update, message, command);
        }
    }

    /// <summary>
    /// The answer that a worker gave to these updates was refused: to send them again would bring the same answer.
    /// </summary>
    public static void Refuse(WorkflowRun run)
    {
        foreach (var update in run.Updates.Open())
        {
            if (update is not { Sent: true, Stage: UpdateWorkflowExecutionLifecycleStage.Admitted })
                continue;
            update.Abort(
                Fault.FailedPrecondition(
                    "Unable to perform workflow execution update due to unexpected workflow task failure.",
                    new WorkflowNotReadyFailure()),
                moveOn: false);
            run.Updates.Forget(update);
        }
    }

    /// <summary>
    /// Ends what a closing run leaves open; what was not accepted moves on to the next run if there is one.
    /// </summary>
    public void Abandon(WorkflowRun run, bool continues)
    {
        foreach (var update in run.Updates.Open())
        {
            if (update.Stage == UpdateWorkflowExecutionLifecycleStage.Accepted)
            {
                update.Complete(new()
                {
                    Failure = new()
                    {
                        Message = "Workflow Update failed because the Workflow completed before the Update completed.",
                        Source = "Server",
                        ApplicationFailureInfo = new()
                        {
                            Type = "AcceptedUpdateCompletedWorkflow",
                            NonRetryable = true,
                        },
                    },
                });
                continue;
            }
            update.Abort(Fault.NotFound("workflow update was aborted by closing workflow"), continues);
            run.Updates.Forget(update);
        }
    }

    private void Take(WorkflowRun run, PendingUpdate update, Message message, Command? command)
    {
        if (message.Body.TryUnpack<Acceptance>(out var acceptance))
        {
            update.AcceptedEventId = run.Append(
                new()
                {
                    EventType = EventType.WorkflowExecutionUpdateAccepted,
                    WorkflowExecutionUpdateAcceptedEventAttributes = new()
                    {
                        ProtocolInstanceId = message.ProtocolInstanceId,
                        AcceptedRequestMessageId = acceptance.AcceptedRequestMessageId,
                        AcceptedRequestSequencingEventId = acceptance.AcceptedRequestSequencingEventId,
                        AcceptedRequest = update.IsInHistory ? null : acceptance.AcceptedRequest ?? update.Request,
                    },
                    UserMetadata = command?.UserMetadata,
                },
                engine.Clock.Now).EventId;
            update.Accept();
        }
        else if (message.Body.TryUnpack<Response>(out var response))
        {
            run.Append(
                new()
                {
                    EventType = EventType.WorkflowExecutionUpdateCompleted,
                    WorkflowExecutionUpdateCompletedEventAttributes = new()
                    {
                        Meta = response.Meta ?? update.Request.Meta,
                        AcceptedEventId = update.AcceptedEventId,
                        Outcome = response.Outcome,
                    },
                },
                engine.Clock.Now);
            update.Complete(response.Outcome);
        }
        else if (message.Body.TryUnpack<Rejection>(out var rejection))
        {
            run.Updates.Forget(update);
            update.Complete(new() { Failure = rejection.Failure });
        }
    }
}
