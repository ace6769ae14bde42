using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Nstance.Temporal.TestServer.Binding;
using Nstance.Temporal.TestServer.Clock;
using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Queues;
using Nstance.Temporal.TestServer.Runs;
using Nstance.Temporal.TestServer.Tasks;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.ErrorDetails.V1;
using Temporalio.Api.Query.V1;
using Temporalio.Api.WorkflowService.V1;

namespace Nstance.Temporal.TestServer.Queries;

/// <summary>One query on its way to a worker and back.</summary>
internal sealed class PendingQuery(WorkflowRun run, WorkflowQuery query) : IWorkflowWork
{
    public WorkflowRun Run { get; } = run;

    public WorkflowQuery Query { get; } = query;

    public string Id { get; } = Guid.NewGuid().ToString();

    public TaskCompletionSource<QueryWorkflowResponse> Answer { get; } =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    public long Entry { get; set; }

    public bool IsStarted { get; set; }

    public Alarm? Timeout { get; set; }

    public bool Waits(long entry) => !IsStarted && Entry == entry && !Answer.Task.IsCompleted;
}

/// <summary>
/// Queries travel alone, when no workflow task is pending.
/// Sent along with a task they would make histories unreplayable.
/// </summary>
internal sealed class QueryEngine
{
    private const int FailingAttempts = 3;

    private static readonly TimeSpan StickyPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan WorkerPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(60);

    // The real server's: a worker that polled within this time may only be slow.
    private static readonly TimeSpan PollerWindow = TimeSpan.FromSeconds(20);

    private readonly ServerEngine _engine;
    private readonly Dictionary<string, PendingQuery> _inFlight = new();
    private readonly Dictionary<WorkflowRun, List<PendingQuery>> _held = new();

    public QueryEngine(ServerEngine engine)
    {
        _engine = engine;
        engine.Rpc.Add<QueryWorkflowRequest, QueryWorkflowResponse>("QueryWorkflow", Query);
        engine.Rpc.Add<RespondQueryTaskCompletedRequest, RespondQueryTaskCompletedResponse>(
            "RespondQueryTaskCompleted", Respond);
    }

    /// <summary>Queries that wait or run; time does not jump meanwhile.</summary>
    public int InFlight => _inFlight.Count;

    public PollWorkflowTaskQueueResponse? Start(PendingQuery query, bool sticky)
    {
        var run = query.Run;
        query.IsStarted = true;
        query.Timeout?.Cancel();
        var entry = query.Entry;
        query.Timeout = _engine.Clock.AddReal(WorkerPatience, () =>
        {
            // A worker that lost the run says "query expired" or nothing: another one may know.
            if (query.IsStarted && query.Entry == entry && _inFlight.ContainsKey(query.Id))
                Dispatch(query, mayStick: false);
        });
        var answer = new PollWorkflowTaskQueueResponse
        {
            TaskToken = new TaskToken('q', query.Id, 0, query.Entry.ToString()).ToBytes(),
            WorkflowExecution = run.Execution,
            WorkflowType = new() { Name = run.WorkflowType },
            PreviousStartedEventId = run.LastStartedEventId,
            WorkflowExecutionTaskQueue = new() { Name = run.TaskQueue, Kind = TaskQueueKind.Normal },
            Query = query.Query,
            History = new(),
            Attempt = 1,
            ScheduledTime = Timestamp.FromDateTimeOffset(_engine.Clock.Now),
            StartedTime = Timestamp.FromDateTimeOffset(_engine.Clock.Now),
        };
        if (!sticky)
            answer.History.Events.Add(run.Events);
        return answer;
    }

    public void GiveBack(PollWorkflowTaskQueueResponse answer)
    {
        if (_inFlight.TryGetValue(TaskToken.Parse(answer.TaskToken, 'q').RunId, out var query))
            Dispatch(query, mayStick: false);
    }

    /// <summary>The run has no workflow task now: queries that waited for that go out.</summary>
    public void OnTaskGone(WorkflowRun run)
    {
        if (!_held.Remove(run, out var waiting))
            return;
        foreach (var query in waiting)
            _engine.Defer(() => Send(query));
    }

    /// <summary>Puts a query on a queue again, for example when its sticky worker went away.</summary>
    public void Dispatch(PendingQuery query, bool mayStick)
    {
        var run = query.Run;
        query.Timeout?.Cancel();
        query.IsStarted = false;
        query.Entry = _engine.WorkflowQueues.NextEntry();
        if (mayStick && run.StickyQueue is { } sticky
            && _engine.WorkflowQueues.Find(run.Namespace, sticky) is { } queue
            && queue.IsLive(_engine.Clock.RealNow, QueueSet<IWorkflowWork>.Recent))
        {
            var entry = query.Entry;
            query.Timeout = _engine.Clock.AddReal(StickyPatience, () =>
            {
                if (query.Waits(entry))
                    Dispatch(query, mayStick: false);
            });
        }
        else
        {
            queue = _engine.WorkflowQueues[run.Namespace, run.TaskQueue];
        }
        _engine.WorkflowQueues.Offer(queue, query, query.Entry);
    }

    private async Task<QueryWorkflowResponse> Query(QueryWorkflowRequest request, RpcCall call)
    {
        PendingQuery query;
        using (_engine.Enter())
        {
            var run = _engine.Runs.Get(request.Namespace, request.Execution);
            if (request.Query is null or { QueryType.Length: 0 })
                throw Fault.InvalidArgument("Query is not set on request.");
            if (IsRejected(request.QueryRejectCondition, run.Status))
                return new() { QueryRejected = new() { Status = run.Status } };
            if (Unready(run, call) is { } why)
                throw Fault.FailedPrecondition(why, new WorkflowNotReadyFailure());
            query = new(run, request.Query);
            _inFlight[query.Id] = query;
            Send(query);
        }
        try
        {
            return await query.Answer.Task.WaitAsync(call.Patience(MaxWait), call.Cancellation);
        }
        catch (TimeoutException)
        {
            throw Unanswered(query);
        }
        finally
        {
            using (_engine.Enter())
            {
                _inFlight.Remove(query.Id);
                query.Answer.TrySetCanceled();
                query.Timeout?.Cancel();
            }
        }
    }

    /// <summary>A query that waits for a worker tells apart a slow worker and none at all.</summary>
    private RpcException Unanswered(PendingQuery query)
    {
        using var _ = _engine.Enter();
        var queue = _engine.WorkflowQueues.Find(query.Run.Namespace, query.Run.TaskQueue);
        var isOffered = query.Entry > 0 && !query.IsStarted;
        return isOffered && queue?.SeenSince(_engine.Clock.RealNow - PollerWindow) != true
            ? Fault.FailedPrecondition("no poller seen for task queue recently, worker may be down")
            : new(new(StatusCode.DeadlineExceeded, "no worker answered the query in time"));
    }

    /// <summary>Why no worker could answer a query of the run, or null.</summary>
    private string? Unready(WorkflowRun run, RpcCall call) => run switch
    {
        { IsOpen: false, LastStartedEventId: 0 } => "Workflow execution closed before WorkflowTaskStarted event",
        { FirstTaskBackoff: not null } when run.ExecutionTime - _engine.Clock.Now > call.Patience(MaxWait) =>
            "Workflow task is not scheduled yet.",
        { IsOpen: true, Task.Attempt: >= FailingAttempts } =>
            "Unable to query workflow due to Workflow Task in failed state.",
        _ => null,
    };

    private void Send(PendingQuery query)
    {
        var run = query.Run;
        if (run.IsOpen && (run.Task != null || run.LastStartedEventId == 0))
        {
            if (!_held.TryGetValue(run, out var waiting))
                _held[run] = waiting = [];
            waiting.Add(query);
            return;
        }
        Dispatch(query, mayStick: true);
    }

    private RespondQueryTaskCompletedResponse Respond(RespondQueryTaskCompletedRequest request)
    {
        using var _ = _engine.Enter();
        var token = TaskToken.Parse(request.TaskToken, 'q');
        if (!_inFlight.TryGetValue(token.RunId, out var query) || query.Entry.ToString() != token.Stamp)
            throw Fault.NotFound("query task not found, or already expired");
        if (request.CompletedType == QueryResultType.Answered)
        {
            query.Answer.TrySetResult(new() { QueryResult = request.QueryResult });
        }
        else if (request.ErrorMessage.Contains("query expired", StringComparison.OrdinalIgnoreCase))
        {
            Dispatch(query, mayStick: false);
            return new();
        }
        else
        {
            query.Answer.TrySetException(Fault.QueryFailed(request.ErrorMessage, request.Failure));
        }
        query.Timeout?.Cancel();
        _inFlight.Remove(query.Id);
        return new();
    }

    private static bool IsRejected(QueryRejectCondition condition, WorkflowExecutionStatus status) => condition switch
    {
        QueryRejectCondition.NotOpen => status != WorkflowExecutionStatus.Running,
        QueryRejectCondition.NotCompletedCleanly =>
            status is not WorkflowExecutionStatus.Running and not WorkflowExecutionStatus.Completed,
        _ => false,
    };
}
