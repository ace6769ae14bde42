using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Queues;
using Nstance.Temporal.TestServer.Runs;
using Temporalio.Api.History.V1;

namespace Nstance.Temporal.TestServer.Tasks;

/// <summary>When a run gets a workflow task, of which kind, and on which queue it waits.</summary>
internal sealed class TaskScheduling(ServerEngine engine)
{
    // After it the task of an update that no worker takes is written to the history, so that it can be seen.
    private static readonly TimeSpan UpdatePatience = TimeSpan.FromSeconds(5);

    /// <summary>Workflow tasks that wait or run; time does not jump while there is one.</summary>
    public HashSet<WorkflowTask> Outstanding { get; } = [];

    /// <summary>
    /// Records an event that came from outside: at once when no task is started, else when the started task ends.
    /// Then makes sure that the workflow will see it.
    /// </summary>
    public void Record(WorkflowRun run, HistoryEvent e, Action<long>? onNumbered = null, bool wake = true)
    {
        if (run.Task is { IsStarted: true })
        {
            run.Buffered.Add(new(e, onNumbered));
            return;
        }
        onNumbered?.Invoke(run.NextEventId);
        run.Append(e, engine.Clock.Now);
        if (wake)
            Schedule(run);
        engine.Lifecycle.EnforceHistoryLimits(run);
    }

    /// <summary>Gives the buffered events their ids. True when there were any.</summary>
    public bool Flush(WorkflowRun run)
    {
        if (run.Buffered.Count == 0)
            return false;
        foreach (var (e, onNumbered) in run.Buffered)
        {
            onNumbered?.Invoke(run.NextEventId);
            run.Append(e, engine.Clock.Now);
        }
        run.Buffered.Clear();
        return true;
    }

    /// <summary>Makes sure that a task is scheduled whose history ends with what was just written.</summary>
    public void Schedule(WorkflowRun run)
    {
        if (!run.IsOpen || run.FirstTaskBackoff != null)
            return;
        if (run.Task is { } waiting)
        {
            if (!waiting.IsStarted && waiting.Kind != TaskKind.Normal)
                Write(waiting);
            return;
        }
        var task = new WorkflowTask(run, run.NextAttempt > 1 ? TaskKind.Transient : TaskKind.Normal, run.NextAttempt);
        Put(task);
    }

    /// <summary>Schedules a task that only carries updates, unless one is there that will carry them.</summary>
    public void ScheduleSpeculative(WorkflowRun run)
    {
        if (!run.IsOpen || run.FirstTaskBackoff != null || run.Task != null)
            return;
        // A run that never completed a task has its first task coming or failing: nothing speculative about it.
        var kind = run.NextAttempt > 1 ? TaskKind.Transient
            : run.LastStartedEventId == 0 ? TaskKind.Normal
            : TaskKind.Speculative;
        Put(new(run, kind, run.NextAttempt));
    }

    /// <summary>Puts a task back on its normal queue, for example when its sticky worker went away.</summary>
    public void MoveToNormalQueue(WorkflowTask task)
    {
        task.Run.StickyQueue = null;
        task.Timeout?.Cancel();
        Enqueue(task);
    }

    /// <summary>Takes a task off the run; the caller has written what there is to write.</summary>
    public void Drop(WorkflowTask task)
    {
        task.Timeout?.Cancel();
        task.Run.Task = null;
        Outstanding.Remove(task);
        engine.Queries.OnTaskGone(task.Run);
    }

    /// <summary>
    /// Turns a waiting task into a normal one: its scheduled event is written where the history now ends.
    /// </summary>
    private void Write(WorkflowTask task)
    {
        task.Kind = TaskKind.Normal;
        task.Attempt = 1;
        task.Run.NextAttempt = 1;
        task.ScheduledEventId = task.Run.Append(TaskEvents.Scheduled(task), engine.Clock.Now).EventId;
    }

    private void Put(WorkflowTask task)
    {
        var run = task.Run;
        run.Task = task;
        task.ScheduledTime = engine.Clock.Now;
        Outstanding.Add(task);
        if (task.Kind == TaskKind.Normal)
            task.ScheduledEventId = run.Append(TaskEvents.Scheduled(task), engine.Clock.Now).EventId;
        else
            task.ScheduledEventId = run.NextEventId;
        Enqueue(task);
    }

    private void Enqueue(WorkflowTask task)
    {
        var run = task.Run;
        if (run.IsAnswering)
            return;
        task.Entry = engine.WorkflowQueues.NextEntry();
        if (run.StickyQueue is { } sticky
            && engine.WorkflowQueues.Find(run.Namespace, sticky) is { } queue
            && queue.IsLive(engine.Clock.RealNow, QueueSet<IWorkflowWork>.Recent))
        {
            task.Queue = queue;
            StartInTime(task, run.StickyTimeout);
        }
        else
        {
            run.StickyQueue = null;
            task.Queue = engine.WorkflowQueues[run.Namespace, run.TaskQueue];
            if (task.Kind == TaskKind.Speculative)
                StartInTime(task, UpdatePatience);
        }
        engine.WorkflowQueues.Offer(task.Queue, task, task.Entry);
    }

    private void StartInTime(WorkflowTask task, TimeSpan patience)
    {
        var entry = task.Entry;
        task.Timeout = engine.Clock.AddReal(patience, () =>
        {
            if (task.Waits(entry))
                engine.TaskAnswers.NotStarted(task);
        });
    }
}
