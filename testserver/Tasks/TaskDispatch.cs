using Google.Protobuf.WellKnownTypes;
using Nstance.Temporal.TestServer.Binding;
using Nstance.Temporal.TestServer.Engine;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.History.V1;
using Temporalio.Api.WorkflowService.V1;

namespace Nstance.Temporal.TestServer.Tasks;

/// <summary>Hands workflow tasks to workers.</summary>
internal sealed class TaskDispatch
{
    private readonly ServerEngine _engine;
    private long _stamps;

    public TaskDispatch(ServerEngine engine)
    {
        _engine = engine;
        engine.Rpc.Add<PollWorkflowTaskQueueRequest, PollWorkflowTaskQueueResponse>("PollWorkflowTaskQueue", Poll);
    }

    /// <summary>Starts a waiting task; null when the run is gone.</summary>
    public PollWorkflowTaskQueueResponse? Start(WorkflowTask task, string identity, bool sticky)
    {
        var run = task.Run;
        if (!run.IsOpen)
            return null;
        task.Timeout?.Cancel();
        task.IsStarted = true;
        task.Identity = identity;
        task.StartedTime = _engine.Clock.Now;
        task.Stamp = (++_stamps).ToString();
        if (task.Kind != TaskKind.Normal)
        {
            task.ScheduledEventId = run.NextEventId;
            task.Unwritten.Add(
                Unwritten(TaskEvents.Scheduled(task), task.ScheduledEventId, task.ScheduledTime));
            task.Unwritten.Add(
                Unwritten(TaskEvents.Started(task, _engine.Limits), task.ScheduledEventId + 1, task.StartedTime));
            task.StartedEventId = task.ScheduledEventId + 1;
        }
        else
        {
            task.StartedEventId = run.Append(TaskEvents.Started(task, _engine.Limits), _engine.Clock.Now).EventId;
        }
        var stamp = task.Stamp;
        task.Timeout = _engine.Clock.AddReal(
            task.StartToClose,
            () =>
            {
                if (ReferenceEquals(run.Task, task) && task.Stamp == stamp)
                    _engine.TaskAnswers.TimedOut(task);
            });
        return Answer(task, sticky);
    }

    /// <summary>The worker never got the answer: the task waits again, as if it had not been started.</summary>
    public void GiveBack(PollWorkflowTaskQueueResponse answer)
    {
        var token = TaskToken.Parse(answer.TaskToken, 'w');
        if (_engine.Runs.ByRunId(token.RunId) is { Task: { IsStarted: true } task } && task.Stamp == token.Stamp)
            _engine.TaskAnswers.TimedOut(task);
    }

    private static HistoryEvent Unwritten(HistoryEvent e, long id, DateTimeOffset time)
    {
        e.EventId = id;
        e.EventTime = Timestamp.FromDateTimeOffset(time);
        return e;
    }

    private async Task<PollWorkflowTaskQueueResponse> Poll(PollWorkflowTaskQueueRequest request, RpcCall call)
    {
        var answer = (PollWorkflowTaskQueueResponse?)await _engine.WorkflowQueues.Poll(
            request.Namespace, request.TaskQueue?.Name ?? "", request.Identity, request.WorkerInstanceKey, call);
        if (answer == null)
            return new();
        if (!call.Cancellation.IsCancellationRequested)
            return answer;
        using (_engine.Enter())
        {
            if (answer.Query != null)
                _engine.Queries.GiveBack(answer);
            else
                GiveBack(answer);
        }
        return new();
    }

    private PollWorkflowTaskQueueResponse Answer(WorkflowTask task, bool sticky)
    {
        var run = task.Run;
        var answer = new PollWorkflowTaskQueueResponse
        {
            TaskToken = new TaskToken('w', run.RunId, task.ScheduledEventId, task.Stamp).ToBytes(),
            WorkflowExecution = run.Execution,
            WorkflowType = new() { Name = run.WorkflowType },
            PreviousStartedEventId = run.LastStartedEventId,
            StartedEventId = task.StartedEventId,
            Attempt = task.Attempt,
            WorkflowExecutionTaskQueue = new() { Name = run.TaskQueue, Kind = TaskQueueKind.Normal },
            ScheduledTime = Timestamp.FromDateTimeOffset(task.ScheduledTime),
            StartedTime = Timestamp.FromDateTimeOffset(task.StartedTime),
            History = new(),
        };
        for (var i = sticky ? (int)run.LastStartedEventId : 0; i < run.Events.Count; i++)
            answer.History.Events.Add(run.Events[i]);
        answer.History.Events.Add(task.Unwritten);
        answer.Messages.Add(run.Updates.Deliver(task.StartedEventId - 1));
        return answer;
    }
}
