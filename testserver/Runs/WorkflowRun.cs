using Nstance.Temporal.TestServer.Activities;
using Nstance.Temporal.TestServer.Children;
using Nstance.Temporal.TestServer.Clock;
using Nstance.Temporal.TestServer.Tasks;
using Nstance.Temporal.TestServer.Updates;
using Temporalio.Api.Common.V1;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.History.V1;
using Temporalio.Api.Sdk.V1;
using Temporalio.Api.Workflow.V1;

namespace Nstance.Temporal.TestServer.Runs;

/// <summary>
/// One run of a workflow: what visibility shows, its history, and what is pending. Used under the engine's lock.
/// </summary>
internal sealed class WorkflowRun
{
    private TaskCompletionSource? _changed;
    private TaskCompletionSource? _closed;

    public required string Namespace { get; init; }

    public required string WorkflowId { get; init; }

    public required string RunId { get; init; }

    /// <summary>Run id of the first run of the chain of retries, cron ticks and continue-as-new.</summary>
    public required string FirstRunId { get; init; }

    public required string WorkflowType { get; init; }

    public required string TaskQueue { get; set; }

    /// <summary>The start event's attributes: input, timeouts, policy, parent, root, header.</summary>
    public required WorkflowExecutionStartedEventAttributes Started { get; init; }

    public required DateTimeOffset StartTime { get; init; }

    /// <summary>Start plus backoff (start delay, cron, retry).</summary>
    public required DateTimeOffset ExecutionTime { get; init; }

    public DateTimeOffset? CloseTime { get; set; }

    public WorkflowExecutionStatus Status { get; set; } = WorkflowExecutionStatus.Running;

    public bool IsOpen => Status == WorkflowExecutionStatus.Running;

    /// <summary>Memo as it is now (upserts applied, nulls removed).</summary>
    public Dictionary<string, Payload> Memo { get; } = new();

    /// <summary>Search attributes as they are now; each payload carries its type in metadata "type".</summary>
    public Dictionary<string, Payload> SearchAttributes { get; } = new();

    public UserMetadata? UserMetadata { get; init; }

    public string RequestId { get; init; } = "";

    public DateTimeOffset? RunExpiration { get; set; }

    public DateTimeOffset? ExecutionExpiration { get; init; }

    public List<HistoryEvent> Events { get; } = [];

    public long HistorySize { get; set; }

    public long NextEventId => Events.Count + 1;

    public LinkedListNode<WorkflowRun>? ClosedNode { get; set; }

    public bool CancelRequested { get; set; }

    public WorkflowExecution Execution => new() { WorkflowId = WorkflowId, RunId = RunId };

    public HashSet<string> RequestIds { get; } = [];

    public int SignalCount { get; set; }

    /// <summary>The scheduled or started workflow task, or null.</summary>
    public WorkflowTask? Task { get; set; }

    /// <summary>Attempt of the next workflow task; above 1 after a failure.</summary>
    public int NextAttempt { get; set; } = 1;

    /// <summary>Workflow tasks that failed since the last one that succeeded.</summary>
    public int FailedTasks { get; set; }

    /// <summary>
    /// Reason of the last failure in the history, as the search attribute shows it; null without a failure.
    /// </summary>
    public string[]? LastTaskProblem { get; set; }

    /// <summary>Events that arrived while a task was started; they get their ids when it ends.</summary>
    public List<BufferedEvent> Buffered { get; } = [];

    /// <summary>Started event of the last completed workflow task; 0 before the first.</summary>
    public long LastStartedEventId { get; set; }

    public string? StickyQueue { get; set; }

    /// <summary>
    /// A worker answers a task of this run just now.
    /// The next one can go back with the reply, and is kept from the queues.
    /// </summary>
    public bool IsAnswering { get; set; }

    /// <summary>Activities that go back with the reply, for the worker that asked for them has room.</summary>
    public List<PendingActivity> Eager { get; } = [];

    public TimeSpan StickyTimeout { get; set; }

    /// <summary>
    /// Rings when the first workflow task may be scheduled (start delay, cron, retry); null afterwards.
    /// </summary>
    public Alarm? FirstTaskBackoff { get; set; }

    public Alarm? RunTimeout { get; set; }

    public Dictionary<long, PendingActivity> Activities { get; } = new();

    public Dictionary<string, PendingTimer> Timers { get; } = new();

    public Dictionary<long, PendingChild> Children { get; } = new();

    public UpdateRegistry Updates { get; } = new();

    public string? ContinuedTo { get; set; }

    /// <summary>
    /// First task that each build of a worker completed in this chain; an operator resets to one of these.
    /// </summary>
    public List<ResetPointInfo> ResetPoints { get; } = [];

    /// <summary>Run that a reset made of this one; null without a reset.</summary>
    public string? ResetRunId { get; set; }

    /// <summary>Made by a reset: its first events are those of another run.</summary>
    public bool IsReset { get; init; }

    /// <summary>Closed by a reset: parent and children stay with the run that the reset made.</summary>
    public bool WasReset { get; set; }

    /// <summary>
    /// Children ("type:id") that the run before the reset started later on; this run starts them anew.
    /// </summary>
    public HashSet<string> ChildrenAfterReset { get; } = [];

    public HistoryEvent Append(HistoryEvent e, DateTimeOffset now)
    {
        e.EventId = NextEventId;
        e.EventTime = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(now);
        e.TaskId = (1L << 20) + e.EventId;
        Events.Add(e);
        HistorySize += e.CalculateSize();
        SignalChange();
        return e;
    }

    /// <summary>A task that ends at the next new event.</summary>
    public Task NextChange() =>
        (_changed ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>
    /// A task that ends when the run is closed: who waits for a result must not be woken by each event.
    /// </summary>
    public Task NextClose() => (_closed ??= new()).Task;

    /// <summary>
    /// Lets those go on who wait for the close; on this thread, hence outside the engine's lock only.
    /// </summary>
    public void SignalClosed() => _closed?.TrySetResult();

    private void SignalChange()
    {
        _changed?.TrySetResult();
        _changed = null;
    }
}

/// <summary>
/// An event that waits for its id; <paramref name="OnNumbered"/> runs just before it is appended, with that id.
/// </summary>
internal sealed record BufferedEvent(HistoryEvent Event, Action<long>? OnNumbered);

/// <summary>A timer of a workflow.</summary>
internal sealed record PendingTimer(string Id, long StartedEventId, Alarm Alarm);
