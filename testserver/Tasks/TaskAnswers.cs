using Nstance.Temporal.TestServer.Binding;
using Nstance.Temporal.TestServer.Commands;
using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Resets;
using Nstance.Temporal.TestServer.Runs;
using Nstance.Temporal.TestServer.Updates;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.Failure.V1;
using Temporalio.Api.History.V1;
using Temporalio.Api.WorkflowService.V1;

namespace Nstance.Temporal.TestServer.Tasks;

/// <summary>Takes what workers answer to workflow tasks: completion, failure, silence.</summary>
internal sealed class TaskAnswers
{
    private readonly ServerEngine _engine;

    public TaskAnswers(ServerEngine engine)
    {
        _engine = engine;
        engine.Rpc.Add<RespondWorkflowTaskCompletedRequest, RespondWorkflowTaskCompletedResponse>(
            "RespondWorkflowTaskCompleted", Complete);
        engine.Rpc.Add<RespondWorkflowTaskFailedRequest, RespondWorkflowTaskFailedResponse>(
            "RespondWorkflowTaskFailed", Fail);
    }

    /// <summary>The started task got no answer in time.</summary>
    public void TimedOut(WorkflowTask task) => Repeat(task, () => TaskEvents.TimedOut(task));

    /// <summary>
    /// No worker took the task in time: neither the one that has the run cached, nor one that an update waits for.
    /// </summary>
    public void NotStarted(WorkflowTask task)
    {
        var run = task.Run;
        if (task.Kind == TaskKind.Transient)
        {
            _engine.Tasks.MoveToNormalQueue(task);
            return;
        }
        if (task.Kind == TaskKind.Speculative)
            task.ScheduledEventId = run.Append(TaskEvents.Scheduled(task), task.ScheduledTime).EventId;
        _engine.Tasks.Drop(task);
        run.StickyQueue = null;
        run.Append(TaskEvents.NotStarted(task), _engine.Clock.Now);
        _engine.Tasks.Schedule(run);
    }

    /// <summary>
    /// Ends a started task as failed and schedules the next attempt. Only first attempts are written.
    /// </summary>
    public void Failed(WorkflowTask task, WorkflowTaskFailedCause cause, Failure? failure, string identity) =>
        Repeat(task, () => TaskEvents.Failed(task, cause, failure, identity));

    /// <summary>Writes the end of a started task whose run is closed from outside.</summary>
    public void ForceClosed(WorkflowRun run)
    {
        if (run.Task is not { } task)
            return;
        if (task is { IsStarted: true, Kind: not TaskKind.Transient })
        {
            WriteSpeculative(task);
            run.Append(
                TaskEvents.Failed(task, WorkflowTaskFailedCause.ForceCloseCommand, null, "history-service"),
                _engine.Clock.Now);
        }
        _engine.Tasks.Drop(task);
        _engine.Tasks.Flush(run);
    }

    private void Repeat(WorkflowTask task, Func<HistoryEvent> written)
    {
        var run = task.Run;
        // The first failure of a worker that has the run cached does not count: another worker may do better.
        var counts = run.StickyQueue == null;
        run.StickyQueue = null;
        run.Updates.Undeliver();
        if (task.Kind != TaskKind.Transient)
        {
            WriteSpeculative(task);
            TaskProblems.Remember(run, run.Append(written(), _engine.Clock.Now));
        }
        run.NextAttempt = counts ? task.Attempt + 1 : 1;
        if (counts)
            TaskProblems.Count(run, _engine.Limits);
        _engine.Tasks.Drop(task);
        if (_engine.Tasks.Flush(run))
            run.NextAttempt = 1;
        _engine.Tasks.Schedule(run);
        _engine.Lifecycle.EnforceHistoryLimits(run);
    }

    /// <summary>
    /// Writes the scheduled and started events of a task that only carried updates, because its failure is an event.
    /// </summary>
    private static void WriteSpeculative(WorkflowTask task)
    {
        if (task.Kind == TaskKind.Speculative)
            WriteUnwritten(task);
    }

    private static void WriteUnwritten(WorkflowTask task)
    {
        foreach (var e in task.Unwritten)
        {
            e.EventId = task.Run.NextEventId;
            task.Run.Append(e, e.EventTime.ToDateTimeOffset());
        }
    }

    /// <summary>Ends the run with a task failure that is not retried.</summary>
    private void End(WorkflowTask task, WorkflowTaskFailedCause cause, Failure failure, string identity, string reason)
    {
        if (task.Kind != TaskKind.Transient)
        {
            WriteSpeculative(task);
            task.Run.Append(TaskEvents.Failed(task, cause, failure, identity), _engine.Clock.Now);
        }
        _engine.Tasks.Drop(task);
        _engine.Tasks.Flush(task.Run);
        _engine.Closing.Terminate(task.Run, reason, null, "history-service");
    }

    private WorkflowTask Find(Google.Protobuf.ByteString bytes)
    {
        var token = TaskToken.Parse(bytes, 'w');
        return _engine.Runs.ByRunId(token.RunId) is { IsOpen: true, Task: { IsStarted: true } task }
            && task.Stamp == token.Stamp
                ? task
                : throw Fault.NotFound("Workflow task not found.");
    }

    private RespondWorkflowTaskFailedResponse Fail(RespondWorkflowTaskFailedRequest request)
    {
        using var _ = _engine.Enter();
        var task = Find(request.TaskToken);
        Failed(task, request.Cause, request.Failure, request.Identity);
        return new();
    }

    private RespondWorkflowTaskCompletedResponse Complete(RespondWorkflowTaskCompletedRequest request)
    {
        using var _ = _engine.Enter();
        var task = Find(request.TaskToken);
        var run = task.Run;
        if (CommandRules.Check(_engine, run, request) is { } bad)
        {
            Refuse(task, request.Identity, bad.Cause, bad.Message, bad.EndsRun);
            throw Fault.InvalidArgument(bad.Message);
        }
        Stick(run, request);
        if (Leaves(task, request))
            return Discard(task, request);
        WriteUnwritten(task);
        var written = run.Append(TaskEvents.Completed(task, request), _engine.Clock.Now);
        var completed = written.EventId;
        ResetPoints.Record(run, written);
        run.LastStartedEventId = task.StartedEventId;
        run.NextAttempt = 1;
        TaskProblems.Clear(run);
        // While commands are carried out, what happens because of them is not buffered: the task is over.
        _engine.Tasks.Drop(task);
        var answer = new RespondWorkflowTaskCompletedResponse();
        run.IsAnswering = request.ReturnNewWorkflowTask && run.StickyQueue != null;
        try
        {
            var wake = _engine.Commands.Carry(run, completed, request) | request.ForceCreateNewWorkflowTask;
            foreach (var activity in run.Eager.Where(each => !each.IsDone))
                answer.ActivityTasks.Add(_engine.Activities.Start(activity, request.Identity));
            if (run.IsOpen)
                Wake(run, wake);
            // A timer that time jumps to at once needs no poll in between.
            // That is half the calls of a workflow that mostly sleeps.
            if (run.IsAnswering)
                _engine.Advance();
        }
        finally
        {
            run.Eager.Clear();
            var inline = run.IsAnswering;
            run.IsAnswering = false;
            if (inline && run.Task is { IsStarted: false } next)
                answer.WorkflowTask = _engine.TaskDispatch.Start(next, request.Identity, run.StickyQueue != null);
        }
        return answer;
    }

    /// <summary>
    /// Takes an answer with a bad command for a failure. A repeated one is dropped: the task then comes back only with
    /// its timeout, else the worker would send the same answer a hundred times a second.
    /// </summary>
    private void Refuse(WorkflowTask task, string identity, WorkflowTaskFailedCause cause, string message, bool endsRun)
    {
        UpdateEngine.Refuse(task.Run);
        if (task.Attempt > 1 && cause != WorkflowTaskFailedCause.UnhandledCommand)
            return;
        var failure = new Failure { Message = message, Source = "Server", ServerFailureInfo = new() };
        if (endsRun)
            End(task, cause, failure, identity, $"{cause}: {message}");
        else
            Failed(task, cause, failure, identity);
    }

    private void Wake(WorkflowRun run, bool wake)
    {
        if (_engine.Tasks.Flush(run) || wake)
            _engine.Tasks.Schedule(run);
        else if (run.Updates.HasAdmitted)
            _engine.Tasks.ScheduleSpeculative(run);
        _engine.Lifecycle.EnforceHistoryLimits(run);
    }

    /// <summary>Whether a speculative task leaves nothing behind: no event, no command, no accepted update.</summary>
    private static bool Leaves(WorkflowTask task, RespondWorkflowTaskCompletedRequest request) =>
        task.Kind == TaskKind.Speculative
        && task.Run.Buffered.Count == 0
        && !request.ForceCreateNewWorkflowTask
        && request.Commands.All(each => each.CommandType == CommandType.ProtocolMessage)
        && request.Messages.All(each => each.Body.Is(Temporalio.Api.Update.V1.Rejection.Descriptor));

    private RespondWorkflowTaskCompletedResponse Discard(WorkflowTask task, RespondWorkflowTaskCompletedRequest request)
    {
        var run = task.Run;
        run.FailedTasks = 0;
        _engine.Tasks.Drop(task);
        _engine.Updates.Take(run, request.Messages, 0, null);
        if (run.Updates.HasAdmitted)
            _engine.Tasks.ScheduleSpeculative(run);
        return new() { ResetHistoryEventId = run.LastStartedEventId };
    }

    private static void Stick(WorkflowRun run, RespondWorkflowTaskCompletedRequest request)
    {
        run.StickyQueue = request.StickyAttributes?.WorkerTaskQueue?.Name is { Length: > 0 } name ? name : null;
        run.StickyTimeout = request.StickyAttributes?.ScheduleToStartTimeout?.ToTimeSpan() ?? TimeSpan.FromSeconds(10);
    }
}
