using Nstance.Temporal.TestServer.Activities;
using Nstance.Temporal.TestServer.Batches;
using Nstance.Temporal.TestServer.Children;
using Nstance.Temporal.TestServer.Clock;
using Nstance.Temporal.TestServer.Commands;
using Nstance.Temporal.TestServer.Describing;
using Nstance.Temporal.TestServer.Histories;
using Nstance.Temporal.TestServer.Lifecycle;
using Nstance.Temporal.TestServer.Namespaces;
using Nstance.Temporal.TestServer.Queries;
using Nstance.Temporal.TestServer.Queues;
using Nstance.Temporal.TestServer.Resets;
using Nstance.Temporal.TestServer.Schedules;
using Nstance.Temporal.TestServer.Tasks;
using Nstance.Temporal.TestServer.Updates;
using Nstance.Temporal.TestServer.Visibility;
using Nstance.Temporal.TestServer.Workers;

namespace Nstance.Temporal.TestServer.Engine;

/// <summary>The rooms of the engine, and when time may jump.</summary>
internal sealed partial class ServerEngine
{
    private bool _looksAgain;

    public NamespaceStore Namespaces { get; private set; } = null!;

    public SearchAttributeRegistry SearchAttributes { get; private set; } = null!;

    public QueueSet<IWorkflowWork> WorkflowQueues { get; private set; } = null!;

    public QueueSet<PendingActivity> ActivityQueues { get; private set; } = null!;

    public TaskScheduling Tasks { get; private set; } = null!;

    public TaskDispatch TaskDispatch { get; private set; } = null!;

    public TaskAnswers TaskAnswers { get; private set; } = null!;

    public CommandRunner Commands { get; private set; } = null!;

    public RunStarter Starter { get; private set; } = null!;

    public RunClosing Closing { get; private set; } = null!;

    public RunLifecycle Lifecycle { get; private set; } = null!;

    public ActivityEngine Activities { get; private set; } = null!;

    public ActivityControl ActivityControl { get; private set; } = null!;

    public ChildEngine Children { get; private set; } = null!;

    public ExternalEngine Externals { get; private set; } = null!;

    public QueryEngine Queries { get; private set; } = null!;

    public RunResetter Resetter { get; private set; } = null!;

    public UpdateEngine Updates { get; private set; } = null!;

    public WorkerRoom Workers { get; private set; } = null!;

    public ScheduleEngine Schedules { get; private set; } = null!;

    private void Compose()
    {
        Namespaces = new(this);
        SearchAttributes = new(this);
        WorkflowQueues = new(
            this,
            (work, poller) => work is WorkflowTask task
                ? TaskDispatch.Start(task, poller.Identity, task.IsOnStickyQueue)
                : Queries.Start((PendingQuery)work, ((PendingQuery)work).Run.StickyQueue == poller.QueueName),
            (_, answer) => GiveBack((Temporalio.Api.WorkflowService.V1.PollWorkflowTaskQueueResponse)answer));
        ActivityQueues = new(
            this,
            (activity, poller) => Activities.Start(activity, poller.Identity),
            (activity, _) => Activities.GiveBack(activity));
        Tasks = new(this);
        TaskDispatch = new(this);
        TaskAnswers = new(this);
        Commands = new(this);
        Starter = new(this);
        Closing = new(this);
        Lifecycle = new(this);
        Activities = new(this);
        ActivityControl = new(this);
        Children = new(this);
        Externals = new(this);
        Queries = new(this);
        Updates = new(this);
        Resetter = new(this);
        Workers = new(this);
        Schedules = new(this);
        _ = new LifecycleRpcs(this);
        _ = new ActivityRpcs(this);
        _ = new ActivityExecutionRpcs(this, new ActivityControlRpcs(this));
        _ = new UpdateRpcs(this);
        _ = new ResetRpcs(this);
        _ = new BatchRpcs(this);
        _ = new HistoryRpcs(this);
        _ = new RunDescription(this);
        _ = new QueueDescription(this);
        _ = new TimeRpcs(this);
        _ = new VisibilityRpcs(this);
        _ = new ScheduleRpcs(this, Schedules);
        _ = new ScheduleListRpcs(this, Schedules.Store);
        SystemRoom.Register(this);
    }

    private void GiveBack(Temporalio.Api.WorkflowService.V1.PollWorkflowTaskQueueResponse answer)
    {
        if (answer.Query != null)
            Queries.GiveBack(answer);
        else
            TaskDispatch.GiveBack(answer);
    }

    /// <summary>
    /// Nothing is being worked on: no workflow task, no query, no activity with a worker or about to be taken by one.
    /// An activity that sleeps through the environment does not count.
    /// </summary>
    private bool IsIdle()
    {
        if (Tasks.Outstanding.Count > 0 || Queries.InFlight > 0)
            return false;
        var awake = Activities.Running;
        if (awake > 0 && (awake > Clock.Sleepers || Clock.Locks + awake > 0))
            return false;
        var idle = true;
        foreach (var queue in ActivityQueues.All)
        {
            if (!queue.HasBacklog || !queue.IsLive(Clock.RealNow, QueueSet<PendingActivity>.Recent))
                continue;
            // Checks once more when the worker should have polled: no other event triggers that check.
            if (!_looksAgain)
            {
                _looksAgain = true;
                Clock.AddReal(QueueSet<PendingActivity>.Recent, () => _looksAgain = false);
            }
            idle = false;
        }
        return idle;
    }

}
