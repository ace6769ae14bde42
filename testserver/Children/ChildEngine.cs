using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Lifecycle;
using Nstance.Temporal.TestServer.Runs;
using Temporalio.Api.Command.V1;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.History.V1;
using Temporalio.Api.Sdk.V1;
using Temporalio.Api.WorkflowService.V1;

namespace Nstance.Temporal.TestServer.Children;

/// <summary>A child as its parent sees it.</summary>
internal sealed class PendingChild(long initiatedEventId, StartChildWorkflowExecutionInitiatedEventAttributes initiated)
{
    public long InitiatedEventId { get; } = initiatedEventId;

    public StartChildWorkflowExecutionInitiatedEventAttributes Initiated { get; } = initiated;

    public HistoryEvent? Started { get; set; }

    /// <summary>The run that is open now; it changes when the child continues.</summary>
    public WorkflowRun? Run { get; set; }
}

/// <summary>Child workflows: start, news of their end, what becomes of them when the parent closes.</summary>
internal sealed class ChildEngine(ServerEngine engine)
{
    public void Initiate(WorkflowRun parent, long completed, Command command)
    {
        var asked = command.StartChildWorkflowExecutionCommandAttributes;
        var initiated = new StartChildWorkflowExecutionInitiatedEventAttributes
        {
            Namespace = asked.Namespace.Length > 0 ? asked.Namespace : parent.Namespace,
            WorkflowId = asked.WorkflowId,
            WorkflowType = asked.WorkflowType,
            TaskQueue = new()
            {
                Name = asked.TaskQueue is { Name.Length: > 0 } queue ? queue.Name : parent.TaskQueue,
                Kind = TaskQueueKind.Normal,
            },
            Input = asked.Input,
            WorkflowExecutionTimeout = asked.WorkflowExecutionTimeout,
            WorkflowRunTimeout = asked.WorkflowRunTimeout,
            WorkflowTaskTimeout = asked.WorkflowTaskTimeout,
            ParentClosePolicy = asked.ParentClosePolicy == ParentClosePolicy.Unspecified
                ? ParentClosePolicy.Terminate
                : asked.ParentClosePolicy,
            Control = asked.Control,
            WorkflowTaskCompletedEventId = completed,
            WorkflowIdReusePolicy = asked.WorkflowIdReusePolicy,
            RetryPolicy = asked.RetryPolicy,
            CronSchedule = asked.CronSchedule,
            Header = asked.Header,
            Memo = asked.Memo,
            SearchAttributes = asked.SearchAttributes,
            Priority = asked.Priority,
        };
        var e = parent.Append(
            new()
            {
                EventType = EventType.StartChildWorkflowExecutionInitiated,
                StartChildWorkflowExecutionInitiatedEventAttributes = initiated,
                UserMetadata = command.UserMetadata,
            },
            engine.Clock.Now);
        var child = new PendingChild(e.EventId, initiated);
        parent.Children[e.EventId] = child;
        engine.Defer(() => Start(parent, child, command.UserMetadata));
    }

    /// <summary>Starts a child whose start the reset of its parent undid.</summary>
    public void StartAgain(WorkflowRun parent, PendingChild child) =>
        engine.Defer(() => Start(parent, child, parent.Events[(int)child.InitiatedEventId - 1].UserMetadata));

    /// <summary>The child goes on in another run.</summary>
    public void Follow(WorkflowRun run, WorkflowRun follower)
    {
        if (Pending(run) is { } child)
            child.Run = follower;
    }

    public void TellParent(WorkflowRun run, HistoryEvent close)
    {
        var started = run.Started;
        if (started.ParentWorkflowExecution is not { } parentExecution
            || engine.Runs.Heir(parentExecution.RunId) is not { IsOpen: true } parent
            || !parent.Children.TryGetValue(started.ParentInitiatedEventId, out var child)
            || child.Run?.FirstRunId != run.FirstRunId)
            return;
        parent.Children.Remove(started.ParentInitiatedEventId);
        var news = ChildNews.Of(run, close, child.InitiatedEventId);
        engine.Tasks.Record(parent, news, _ => news.With("started_event_id", child.Started?.EventId ?? 0));
    }

    public void ApplyParentClosePolicies(WorkflowRun parent)
    {
        foreach (var child in parent.Children.Values.ToList())
        {
            // A child that was never started (its start was still to come) is simply not started.
            if (child.Run is not { } run)
                continue;
            engine.Defer(() =>
            {
                if (child.Initiated.ParentClosePolicy == ParentClosePolicy.Terminate)
                    engine.Closing.Terminate(run, "by parent close policy", null, "history-service");
                else if (child.Initiated.ParentClosePolicy == ParentClosePolicy.RequestCancel)
                    engine.Lifecycle.RequestCancel(run, "by parent close policy", "history-service", parent.Execution);
            });
        }
        if (parent.Children.Values.All(each => each.Run != null))
            parent.Children.Clear();
    }

    private PendingChild? Pending(WorkflowRun run) =>
        run.Started.ParentWorkflowExecution is { } parent
            ? engine.Runs.Heir(parent.RunId)?.Children.GetValueOrDefault(run.Started.ParentInitiatedEventId)
            : null;

    private void Start(WorkflowRun parent, PendingChild child, UserMetadata? metadata)
    {
        // An abandoned child starts even when its parent closed with the command that asked for it.
        if (!parent.IsOpen && child.Initiated.ParentClosePolicy != ParentClosePolicy.Abandon)
            return;
        var initiated = child.Initiated;
        if (!engine.Namespaces.Exists(initiated.Namespace))
        {
            StartFailed(parent, child, StartChildWorkflowExecutionFailedCause.NamespaceNotFound);
            return;
        }
        if (parent.ChildrenAfterReset.Remove($"{initiated.WorkflowType.Name}:{initiated.WorkflowId}")
            && engine.Runs.Current(initiated.Namespace, initiated.WorkflowId) is { IsOpen: true } former)
            engine.Closing.Terminate(
                former, "Restarting child workflow after its parent was reset", null, "history-service");
        if (engine.Runs.Current(initiated.Namespace, initiated.WorkflowId) is { } current
            && (current.IsOpen
                ? initiated.WorkflowIdReusePolicy != WorkflowIdReusePolicy.TerminateIfRunning
                : !StartRules.MayReuse(initiated.WorkflowIdReusePolicy, current.Status)))
        {
            StartFailed(parent, child, StartChildWorkflowExecutionFailedCause.WorkflowAlreadyExists);
            return;
        }
        if (engine.Runs.Current(initiated.Namespace, initiated.WorkflowId) is { IsOpen: true } open)
            engine.Closing.Terminate(open, "TerminateIfRunning WorkflowIdReusePolicy Policy", null, "history-service");
        var attributes = RunStarter.Attributes(new StartWorkflowExecutionRequest
        {
            WorkflowType = initiated.WorkflowType,
            TaskQueue = initiated.TaskQueue,
            Input = initiated.Input,
            WorkflowExecutionTimeout = initiated.WorkflowExecutionTimeout,
            WorkflowRunTimeout = initiated.WorkflowRunTimeout,
            WorkflowTaskTimeout = initiated.WorkflowTaskTimeout,
            RetryPolicy = initiated.RetryPolicy,
            CronSchedule = initiated.CronSchedule,
            Memo = initiated.Memo,
            SearchAttributes = initiated.SearchAttributes,
            Header = initiated.Header,
            Priority = initiated.Priority,
        });
        attributes.ParentWorkflowNamespace = parent.Namespace;
        attributes.ParentWorkflowExecution = parent.Execution;
        attributes.ParentInitiatedEventId = child.InitiatedEventId;
        attributes.RootWorkflowExecution = parent.Started.RootWorkflowExecution ?? parent.Execution;
        if (initiated.CronSchedule.Length > 0)
        {
            attributes.FirstWorkflowTaskBackoff = Google.Protobuf.WellKnownTypes.Duration.FromTimeSpan(
                CronTick.Delay(initiated.CronSchedule, engine.Clock.Now, engine.Clock.Now));
            attributes.Initiator = ContinueAsNewInitiator.CronSchedule;
        }
        child.Run = engine.Starter.Begin(
            initiated.Namespace, initiated.WorkflowId, attributes, Guid.NewGuid().ToString(), metadata);
        if (!parent.IsOpen)
            return;
        child.Started = new()
        {
            EventType = EventType.ChildWorkflowExecutionStarted,
            ChildWorkflowExecutionStartedEventAttributes = new()
            {
                Namespace = initiated.Namespace,
                InitiatedEventId = child.InitiatedEventId,
                WorkflowExecution = child.Run.Execution,
                WorkflowType = initiated.WorkflowType,
                Header = initiated.Header,
            },
        };
        engine.Tasks.Record(parent, child.Started);
    }

    private void StartFailed(WorkflowRun parent, PendingChild child, StartChildWorkflowExecutionFailedCause cause)
    {
        parent.Children.Remove(child.InitiatedEventId);
        if (!parent.IsOpen)
            return;
        engine.Tasks.Record(parent, new()
        {
            EventType = EventType.StartChildWorkflowExecutionFailed,
            StartChildWorkflowExecutionFailedEventAttributes = new()
            {
                Namespace = child.Initiated.Namespace,
                WorkflowId = child.Initiated.WorkflowId,
                WorkflowType = child.Initiated.WorkflowType,
                Cause = cause,
                Control = child.Initiated.Control,
                InitiatedEventId = child.InitiatedEventId,
                WorkflowTaskCompletedEventId = child.Initiated.WorkflowTaskCompletedEventId,
            },
        });
    }
}
