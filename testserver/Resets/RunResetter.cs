using Nstance.Temporal.TestServer.Binding;
using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Lifecycle;
using Nstance.Temporal.TestServer.Runs;
using Temporalio.Api.Enums.V1;

namespace Nstance.Temporal.TestServer.Resets;

/// <summary>Makes a run that goes on from an earlier point of another one. Members need the engine's lock.</summary>
internal sealed class RunResetter(ServerEngine engine)
{
    private const string Identity = "history-service";
    private const string TerminatedBy = "history-resetter";

    /// <summary>Resets a run; the open run of its id, if any, is terminated.</summary>
    /// <param name="original">Run whose first events the new run keeps; open or closed.</param>
    /// <param name="finishEventId">Event that answers a workflow task: the new run keeps those before it.</param>
    /// <param name="reason">Why; it is written to both runs.</param>
    /// <param name="excluded">What must not be repeated in the new run.</param>
    /// <returns>The new run.</returns>
    /// <exception cref="Grpc.Core.RpcException">
    /// INVALID_ARGUMENT: no workflow task waits for an answer at that event.
    /// </exception>
    public WorkflowRun Reset(
        WorkflowRun original, long finishEventId, string reason, IReadOnlySet<ResetReapplyExcludeType> excluded)
    {
        if (finishEventId <= 1 || finishEventId >= original.NextEventId)
            throw Fault.InvalidArgument("Workflow task finish ID must be > 1 && <= workflow last event ID.");
        var run = Copy(original);
        var rebuilder = new RunRebuilder(engine, run);
        if (rebuilder.Apply(original.Events.Take((int)finishEventId - 1)) is not { } task)
        {
            throw Fault.InvalidArgument(
                "Can only reset workflow to event ID in range [WorkflowTaskScheduled +1, WorkflowTaskStarted + 1]: "
                + $"{finishEventId}");
        }
        if (engine.Runs.Current(run.Namespace, run.WorkflowId) is { IsOpen: true } open)
        {
            open.WasReset = true;
            engine.Closing.Terminate(open, reason, null, TerminatedBy);
        }
        original.ResetRunId = run.RunId;
        engine.Runs.Add(run);
        engine.Children.Follow(original, run);
        FailTask(original, run, task, reason);
        Reapply(original, run, (int)finishEventId - 1, excluded);
        Arm(run, rebuilder);
        engine.Tasks.Schedule(run);
        return run;
    }

    private WorkflowRun Copy(WorkflowRun original)
    {
        var now = engine.Clock.Now;
        var started = original.Started;
        var run = new WorkflowRun
        {
            Namespace = original.Namespace,
            WorkflowId = original.WorkflowId,
            RunId = Guid.NewGuid().ToString(),
            FirstRunId = original.FirstRunId,
            WorkflowType = started.WorkflowType.Name,
            TaskQueue = started.TaskQueue.Name,
            Started = started,
            StartTime = now,
            ExecutionTime = now + (RunStarter.Some(started.FirstWorkflowTaskBackoff) ?? TimeSpan.Zero),
            ExecutionExpiration = RunStarter.Some(started.WorkflowExecutionTimeout) is { } limit ? now + limit : null,
            RequestId = original.RequestId,
            UserMetadata = original.UserMetadata,
            IsReset = true,
        };
        RunStarter.ApplyMemo(run, started.Memo);
        engine.SearchAttributes.Apply(run, started.SearchAttributes);
        run.ResetPoints.AddRange(started.PrevAutoResetPoints?.Points.Select(each => each.Clone()) ?? []);
        return run;
    }

    /// <summary>The task of that point gets no answer: it fails, and the workflow goes on from there.</summary>
    private void FailTask(WorkflowRun original, WorkflowRun run, OpenTask open, string reason)
    {
        var now = engine.Clock.Now;
        var started = open.StartedEventId;
        if (started == 0)
        {
            started = run.Append(
                new()
                {
                    EventType = EventType.WorkflowTaskStarted,
                    WorkflowTaskStartedEventAttributes = new()
                    {
                        ScheduledEventId = open.ScheduledEventId,
                        Identity = Identity,
                        RequestId = Guid.NewGuid().ToString(),
                        HistorySizeBytes = run.HistorySize,
                    },
                },
                now).EventId;
        }
        run.Append(
            new()
            {
                EventType = EventType.WorkflowTaskFailed,
                WorkflowTaskFailedEventAttributes = new()
                {
                    ScheduledEventId = open.ScheduledEventId,
                    StartedEventId = started,
                    Cause = WorkflowTaskFailedCause.ResetWorkflow,
                    Failure = new() { Message = reason, ResetWorkflowFailureInfo = new() },
                    Identity = Identity,
                    BaseRunId = original.RunId,
                    NewRunId = run.RunId,
                },
            },
            now);
    }

    private void Reapply(
        WorkflowRun original, WorkflowRun run, int kept, IReadOnlySet<ResetReapplyExcludeType> excluded)
    {
        var reapplier = new EventReapplier(engine, run, excluded);
        reapplier.Apply(original.Events.Skip(kept));
        for (var next = original.ContinuedTo; next != null
            && engine.Runs.ByRunId(next) is { } follower; next = follower.ContinuedTo)
            reapplier.Apply(follower.Events);
    }

    private void Arm(WorkflowRun run, RunRebuilder rebuilder)
    {
        engine.Starter.ArmTimeouts(run, engine.Clock.Now);
        foreach (var (id, timer) in rebuilder.Timers)
            engine.Commands.Arm(run, id, timer.StartedEventId, timer.Due);
        foreach (var activity in run.Activities.Values)
        {
            if (RunStarter.Some(activity.Options.ScheduleToCloseTimeout) is { } limit)
                activity.Deadline = engine.Clock.Now + limit;
            engine.Activities.Rearm(activity);
            engine.Activities.OfferAt(activity, engine.Clock.Now);
        }
        foreach (var child in run.Children.Values.Where(each => each.Started == null).ToList())
            engine.Children.StartAgain(run, child);
    }
}
