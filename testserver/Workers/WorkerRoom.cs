using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Queries;
using Nstance.Temporal.TestServer.Tasks;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.Worker.V1;
using Temporalio.Api.WorkflowService.V1;

namespace Nstance.Temporal.TestServer.Workers;

/// <summary>Workers as they report themselves, their shutdown, and who polls a queue.</summary>
internal sealed class WorkerRoom
{
    private const int MaxWorkers = 1_000;

    private readonly ServerEngine _engine;
    private readonly Dictionary<(string Namespace, string Key), WorkerHeartbeat> _heartbeats = new();
    private readonly HashSet<string> _shutDown = [];

    public WorkerRoom(ServerEngine engine)
    {
        _engine = engine;
        engine.Rpc.Add<RecordWorkerHeartbeatRequest, RecordWorkerHeartbeatResponse>("RecordWorkerHeartbeat", Beat);
        engine.Rpc.Add<ListWorkersRequest, ListWorkersResponse>("ListWorkers", List);
        engine.Rpc.Add<ShutdownWorkerRequest, ShutdownWorkerResponse>("ShutdownWorker", ShutDown);
        engine.Rpc.Add<ResetStickyTaskQueueRequest, ResetStickyTaskQueueResponse>("ResetStickyTaskQueue", ResetSticky);
    }

    public bool IsShutDown(string worker) => worker.Length > 0 && _shutDown.Contains(worker);

    private RecordWorkerHeartbeatResponse Beat(RecordWorkerHeartbeatRequest request)
    {
        using var _ = _engine.Enter();
        _engine.Namespaces.Require(request.Namespace);
        foreach (var beat in request.WorkerHeartbeat)
            Keep(request.Namespace, beat);
        return new();
    }

    /// <summary>
    /// One that says that it is shut down is forgotten at once.
    /// Of more than are kept, the one that reported longest ago is forgotten.
    /// </summary>
    private void Keep(string ns, WorkerHeartbeat beat)
    {
        if (beat.Status == WorkerStatus.Shutdown)
        {
            _heartbeats.Remove((ns, beat.WorkerInstanceKey));
            return;
        }
        _heartbeats[(ns, beat.WorkerInstanceKey)] = beat;
        if (_heartbeats.Count > MaxWorkers)
            _heartbeats.Remove(_heartbeats.MinBy(each => each.Value.HeartbeatTime?.ToDateTime() ?? default).Key);
    }

    private ListWorkersResponse List(ListWorkersRequest request)
    {
        using var _ = _engine.Enter();
        _engine.Namespaces.Require(request.Namespace);
        var answer = new ListWorkersResponse();
        foreach (var ((ns, _), beat) in _heartbeats)
        {
            if (ns != request.Namespace)
                continue;
            answer.WorkersInfo.Add(new WorkerInfo { WorkerHeartbeat = beat });
            answer.Workers.Add(new WorkerListInfo
            {
                WorkerInstanceKey = beat.WorkerInstanceKey,
                WorkerIdentity = beat.WorkerIdentity,
                TaskQueue = beat.TaskQueue,
                Status = beat.Status,
                StartTime = beat.StartTime,
                HostName = beat.HostInfo?.HostName ?? "",
                ProcessId = beat.HostInfo?.ProcessId ?? "",
            });
        }
        return answer;
    }

    private ShutdownWorkerResponse ShutDown(ShutdownWorkerRequest request)
    {
        using var _ = _engine.Enter();
        _engine.Namespaces.Require(request.Namespace);
        var worker = request.WorkerInstanceKey;
        if (worker.Length > 0)
        {
            _shutDown.Add(worker);
            _engine.WorkflowQueues.Release((_, poller) => poller.Worker == worker);
            _engine.ActivityQueues.Release((_, poller) => poller.Worker == worker);
            Forget(request.Namespace, request.TaskQueue);
        }
        if (request.WorkerHeartbeat is { } last)
            Keep(request.Namespace, last);
        if (request.StickyTaskQueue.Length > 0)
            DropSticky(request.Namespace, request.StickyTaskQueue);
        return new();
    }

    /// <summary>A queue without waiting pollers is a queue without workers, from this moment.</summary>
    private void Forget(string ns, string name)
    {
        foreach (var queue in _engine.ActivityQueues.All)
        {
            if (queue.Namespace == ns && (name.Length == 0 || queue.Name == name) && !queue.HasPoller)
                queue.Forget();
        }
    }

    private void DropSticky(string ns, string sticky)
    {
        if (_engine.WorkflowQueues.Find(ns, sticky) is not { } queue)
            return;
        _engine.WorkflowQueues.Release((each, _) => ReferenceEquals(each, queue));
        queue.Forget();
        _engine.WorkflowQueues.Drop(ns, sticky);
        foreach (var work in queue.Waiting.ToList())
        {
            if (work is WorkflowTask task)
                _engine.Tasks.MoveToNormalQueue(task);
            else if (work is PendingQuery query)
                _engine.Queries.Dispatch(query, mayStick: false);
        }
    }

    private ResetStickyTaskQueueResponse ResetSticky(ResetStickyTaskQueueRequest request)
    {
        using var _ = _engine.Enter();
        _engine.Runs.Get(request.Namespace, request.Execution).StickyQueue = null;
        return new();
    }
}
