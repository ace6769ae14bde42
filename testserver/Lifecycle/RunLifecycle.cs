using Nstance.Temporal.TestServer.Binding;
using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Runs;
using Temporalio.Api.Common.V1;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.WorkflowService.V1;

namespace Nstance.Temporal.TestServer.Lifecycle;

/// <summary>
/// What callers do to runs from outside: start, signal, cancel, terminate, delete. Members need the engine's lock.
/// </summary>
internal sealed class RunLifecycle(ServerEngine engine)
{
    /// <summary>Starts a workflow by the policies of the request.</summary>
    /// <exception cref="Grpc.Core.RpcException">
    /// ALREADY_EXISTS, INVALID_ARGUMENT or NOT_FOUND as the real server says.
    /// </exception>
    public (WorkflowRun Run, bool Started) Start(
        StartWorkflowExecutionRequest request, Action<WorkflowRun>? beforeFirstTask = null)
    {
        StartRules.Check(engine, request);
        if (engine.Runs.Current(request.Namespace, request.WorkflowId) is { } current)
        {
            if (request.RequestId.Length > 0 && current.RequestId == request.RequestId)
                return (current, true);
            if (current.IsOpen)
            {
                if (request.WorkflowIdConflictPolicy == WorkflowIdConflictPolicy.UseExisting)
                    return (current, false);
                if (request.WorkflowIdConflictPolicy != WorkflowIdConflictPolicy.TerminateExisting
                    && request.WorkflowIdReusePolicy != WorkflowIdReusePolicy.TerminateIfRunning)
                    throw Fault.AlreadyStarted(current.RunId, current.RequestId, current.FirstRunId);
                engine.Closing.Terminate(
                    current, "TerminateIfRunning WorkflowIdReusePolicy Policy", null, "history-service");
            }
            else if (!StartRules.MayReuse(request.WorkflowIdReusePolicy, current.Status))
            {
                throw Fault.AlreadyStarted(current.RunId, current.RequestId, current.FirstRunId);
            }
        }
        var attributes = RunStarter.Attributes(request);
        if (request.CronSchedule.Length > 0)
        {
            attributes.Initiator = ContinueAsNewInitiator.CronSchedule;
            attributes.FirstWorkflowTaskBackoff = Google.Protobuf.WellKnownTypes.Duration.FromTimeSpan(
                CronTick.Delay(request.CronSchedule, engine.Clock.Now, engine.Clock.Now));
        }
        var run = engine.Starter.Begin(
            request.Namespace,
            request.WorkflowId,
            attributes,
            request.RequestId,
            request.UserMetadata,
            null,
            beforeFirstTask);
        return (run, true);
    }

    public void Signal(
        WorkflowRun run, string name, Payloads? input, Header? header, string identity, string requestId,
        WorkflowExecution? from = null)
    {
        var known = "signal/" + requestId;
        if (requestId.Length > 0 && run.RequestIds.Contains(known))
            return;
        if (run.SignalCount >= engine.Limits.Signals)
            throw Fault.InvalidArgument("exceeded workflow execution limit for signal events");
        // Remembered only now: a refused signal that is sent again must be refused again, not taken for a known one.
        if (requestId.Length > 0)
            run.RequestIds.Add(known);
        run.SignalCount++;
        engine.Tasks.Record(run, new()
        {
            EventType = EventType.WorkflowExecutionSignaled,
            WorkflowExecutionSignaledEventAttributes = new()
            {
                SignalName = name,
                Input = input,
                Header = header,
                Identity = identity,
                RequestId = requestId,
                ExternalWorkflowExecution = from,
            },
        });
    }

    public void RequestCancel(
        WorkflowRun run, string reason, string identity, WorkflowExecution? from = null, long initiatedEventId = 0)
    {
        if (!run.IsOpen || run.CancelRequested)
            return;
        run.CancelRequested = true;
        engine.Tasks.Record(run, new()
        {
            EventType = EventType.WorkflowExecutionCancelRequested,
            WorkflowExecutionCancelRequestedEventAttributes = new()
            {
                Cause = reason,
                Identity = identity,
                ExternalWorkflowExecution = from,
                ExternalInitiatedEventId = initiatedEventId,
            },
        });
        if (run.FirstTaskBackoff != null)
            engine.Starter.EndBackoff(run);
    }

    public void Terminate(WorkflowRun run, string reason, Payloads? details, string identity) =>
        engine.Closing.Terminate(run, reason, details, identity);

    /// <summary>Terminates a run if it is open, and forgets it.</summary>
    public void Delete(WorkflowRun run)
    {
        Terminate(run, "Delete workflow execution", null, "history-service");
        engine.Runs.Remove(run);
    }

    /// <summary>Terminates a run whose history outgrew the server's limits.</summary>
    public void EnforceHistoryLimits(WorkflowRun run)
    {
        if (!run.IsOpen)
            return;
        if (run.Events.Count > engine.Limits.HistoryCount)
            Terminate(run, "Workflow history count exceeds limit.", null, "history-service");
        else if (run.HistorySize > engine.Limits.HistorySize)
            Terminate(run, "Workflow history size exceeds limit.", null, "history-service");
    }
}
