using Google.Protobuf.WellKnownTypes;
using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Runs;
using Temporalio.Api.Command.V1;
using Temporalio.Api.Common.V1;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.Failure.V1;
using Temporalio.Api.History.V1;

namespace Nstance.Temporal.TestServer.Lifecycle;

/// <summary>Ends runs, and starts the run that follows where policy, cron or the workflow says so.</summary>
internal sealed class RunClosing(ServerEngine engine)
{
    // The real server starts at most one run of an id in this time; a workflow that continues at once is held back.
    private static readonly TimeSpan MinRunTime = TimeSpan.FromSeconds(1);

    public void Complete(WorkflowRun run, long completed, Payloads? result)
    {
        var next = NextTick(run, result, run.Started.ContinuedFailure);
        Close(run, WorkflowExecutionStatus.Completed, next, new()
        {
            EventType = EventType.WorkflowExecutionCompleted,
            WorkflowExecutionCompletedEventAttributes = new()
            {
                Result = result,
                WorkflowTaskCompletedEventId = completed,
                NewExecutionRunId = next?.RunId ?? "",
            },
        });
    }

    public void Fail(WorkflowRun run, long completed, Failure failure)
    {
        var (next, state) = AfterFailure(run, failure);
        Close(run, WorkflowExecutionStatus.Failed, next, new()
        {
            EventType = EventType.WorkflowExecutionFailed,
            WorkflowExecutionFailedEventAttributes = new()
            {
                Failure = failure,
                RetryState = state,
                WorkflowTaskCompletedEventId = completed,
                NewExecutionRunId = next?.RunId ?? "",
            },
        });
    }

    public void Cancel(WorkflowRun run, long completed, Payloads? details) =>
        Close(run, WorkflowExecutionStatus.Canceled, null, new()
        {
            EventType = EventType.WorkflowExecutionCanceled,
            WorkflowExecutionCanceledEventAttributes = new()
            {
                Details = details,
                WorkflowTaskCompletedEventId = completed,
            },
        });

    public void ContinueAsNew(WorkflowRun run, long completed, ContinueAsNewWorkflowExecutionCommandAttributes command)
    {
        var next = run.Started.Clone();
        next.WorkflowType = command.WorkflowType is { Name.Length: > 0 } type ? type : run.Started.WorkflowType;
        next.TaskQueue = new()
        {
            Name = command.TaskQueue is { Name.Length: > 0 } queue ? queue.Name : run.TaskQueue,
            Kind = TaskQueueKind.Normal,
        };
        next.Input = command.Input;
        next.Header = command.Header;
        next.WorkflowRunTimeout = command.WorkflowRunTimeout ?? run.Started.WorkflowRunTimeout;
        next.WorkflowTaskTimeout = command.WorkflowTaskTimeout ?? run.Started.WorkflowTaskTimeout;
        next.RetryPolicy = RunStarter.WithDefaults(command.RetryPolicy) ?? run.Started.RetryPolicy;
        next.CronSchedule = command.CronSchedule.Length > 0 ? command.CronSchedule : run.Started.CronSchedule;
        next.Initiator = command.Initiator == ContinueAsNewInitiator.Unspecified
            ? ContinueAsNewInitiator.Workflow
            : command.Initiator;
        next.Attempt = 1;
        next.ContinuedFailure = command.Failure;
        next.LastCompletionResult = command.LastCompletionResult ?? run.Started.LastCompletionResult;
        next.Memo = command.Memo ?? MemoOf(run);
        next.SearchAttributes = command.SearchAttributes ?? AttributesOf(run);
        var lived = engine.Clock.Now - run.ExecutionTime;
        var asked = RunStarter.Some(command.BackoffStartInterval) ?? TimeSpan.Zero;
        var backoff = lived + asked < MinRunTime ? MinRunTime - lived : asked;
        next.FirstWorkflowTaskBackoff = Duration.FromTimeSpan(backoff);
        var follower = new Lazy<WorkflowRun>(() => Follow(run, next));
        var e = new HistoryEvent
        {
            EventType = EventType.WorkflowExecutionContinuedAsNew,
            WorkflowExecutionContinuedAsNewEventAttributes = new()
            {
                WorkflowType = next.WorkflowType,
                TaskQueue = next.TaskQueue,
                Input = next.Input,
                WorkflowRunTimeout = next.WorkflowRunTimeout,
                WorkflowTaskTimeout = next.WorkflowTaskTimeout,
                WorkflowTaskCompletedEventId = completed,
                BackoffStartInterval = command.BackoffStartInterval,
                Initiator = next.Initiator,
                Failure = next.ContinuedFailure,
                LastCompletionResult = next.LastCompletionResult,
                Header = next.Header,
                Memo = next.Memo,
                SearchAttributes = next.SearchAttributes,
                NewExecutionRunId = follower.Value.RunId,
            },
        };
        Close(run, WorkflowExecutionStatus.ContinuedAsNew, follower.Value, e);
    }

    public void TimeOut(WorkflowRun run)
    {
        if (!run.IsOpen)
            return;
        var whole = run.ExecutionExpiration is { } end && engine.Clock.Now >= end;
        var failure = new Failure
        {
            Message = "workflow timeout",
            TimeoutFailureInfo = new() { TimeoutType = TimeoutType.StartToClose },
        };
        var (next, state) = whole ? (null, RetryState.Timeout) : AfterFailure(run, failure);
        engine.TaskAnswers.ForceClosed(run);
        Close(run, WorkflowExecutionStatus.TimedOut, next, new()
        {
            EventType = EventType.WorkflowExecutionTimedOut,
            WorkflowExecutionTimedOutEventAttributes = new()
            {
                RetryState = state,
                NewExecutionRunId = next?.RunId ?? "",
            },
        });
    }

    public void Terminate(WorkflowRun run, string reason, Payloads? details, string identity)
    {
        if (!run.IsOpen)
            return;
        engine.TaskAnswers.ForceClosed(run);
        Close(run, WorkflowExecutionStatus.Terminated, null, new()
        {
            EventType = EventType.WorkflowExecutionTerminated,
            WorkflowExecutionTerminatedEventAttributes = new()
            {
                Reason = reason,
                Details = details,
                Identity = identity,
            },
        });
    }

    private static Memo MemoOf(WorkflowRun run)
    {
        var memo = new Memo();
        memo.Fields.Add(run.Memo);
        return memo;
    }

    private static SearchAttributes AttributesOf(WorkflowRun run)
    {
        var attributes = new SearchAttributes();
        attributes.IndexedFields.Add(run.SearchAttributes);
        return attributes;
    }

    private (WorkflowRun? Next, RetryState State) AfterFailure(WorkflowRun run, Failure failure)
    {
        var (delay, state) = RetryDecision.Decide(
            run.Started.RetryPolicy, run.Started.Attempt, failure, engine.Clock.Now, run.ExecutionExpiration);
        if (delay is not { } backoff)
            return (NextTick(run, run.Started.LastCompletionResult, failure), state);
        var next = run.Started.Clone();
        next.Attempt++;
        next.Initiator = ContinueAsNewInitiator.Retry;
        next.ContinuedFailure = failure;
        next.FirstWorkflowTaskBackoff = Duration.FromTimeSpan(backoff);
        return (Follow(run, next), RetryState.InProgress);
    }

    private WorkflowRun? NextTick(WorkflowRun run, Payloads? result, Failure? failure)
    {
        if (run.Started.CronSchedule.Length == 0)
            return null;
        var backoff = CronTick.Delay(run.Started.CronSchedule, engine.Clock.Now, run.ExecutionTime);
        if (run.ExecutionExpiration is { } end && engine.Clock.Now + backoff >= end)
            return null;
        var next = run.Started.Clone();
        next.Attempt = 1;
        next.Initiator = ContinueAsNewInitiator.CronSchedule;
        next.LastCompletionResult = result;
        next.ContinuedFailure = failure;
        next.FirstWorkflowTaskBackoff = Duration.FromTimeSpan(backoff);
        return Follow(run, next);
    }

    private WorkflowRun Follow(WorkflowRun run, WorkflowExecutionStartedEventAttributes next)
    {
        // Summary and details belong to one run: the real server hands them to no follower.
        var follower = engine.Starter.Begin(run.Namespace, run.WorkflowId, next, Guid.NewGuid().ToString(), null, run);
        engine.Children.Follow(run, follower);
        return follower;
    }

    private void Close(WorkflowRun run, WorkflowExecutionStatus status, WorkflowRun? next, HistoryEvent e)
    {
        run.Append(e, engine.Clock.Now);
        run.Status = status;
        run.CloseTime = engine.Clock.Now;
        run.ContinuedTo = next?.RunId;
        run.RunTimeout?.Cancel();
        run.FirstTaskBackoff?.Cancel();
        run.FirstTaskBackoff = null;
        foreach (var timer in run.Timers.Values)
            timer.Alarm.Cancel();
        run.Timers.Clear();
        engine.Activities.Abandon(run);
        engine.Updates.Abandon(run, next != null);
        if (run.Task is { } task)
            engine.Tasks.Drop(task);
        engine.Queries.OnTaskGone(run);
        engine.Afterwards(run.SignalClosed);
        if (next == null && !run.WasReset)
        {
            engine.Children.TellParent(run, e);
            engine.Children.ApplyParentClosePolicies(run);
        }
        engine.Runs.OnClosed(run);
    }
}
