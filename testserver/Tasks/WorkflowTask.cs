using Nstance.Temporal.TestServer.Clock;
using Nstance.Temporal.TestServer.Queues;
using Nstance.Temporal.TestServer.Runs;
using Temporalio.Api.History.V1;

namespace Nstance.Temporal.TestServer.Tasks;

/// <summary>Which events of a workflow task are in the history before its answer.</summary>
internal enum TaskKind
{
    /// <summary>Scheduled and started events are written as they happen.</summary>
    Normal,

    /// <summary>
    /// A repeated attempt: nothing is written until it succeeds, so that failures do not bloat the history.
    /// </summary>
    Transient,

    /// <summary>Exists only to deliver updates: nothing is written unless something is accepted or commanded.</summary>
    Speculative,
}

/// <summary>What a poll of a workflow queue may take: a workflow task or a query.</summary>
internal interface IWorkflowWork : IQueueItem;

/// <summary>The one workflow task of a run.</summary>
internal sealed class WorkflowTask(WorkflowRun run, TaskKind kind, int attempt) : IWorkflowWork
{
    // The real server's: an attempt that fails late comes back later.
    private const int AttemptsWithoutBackoff = 3;

    private static readonly TimeSpan FirstBackoff = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan MaxBackoff = TimeSpan.FromMinutes(10);

    public WorkflowRun Run { get; } = run;

    public TaskKind Kind { get; set; } = kind;

    public int Attempt { get; set; } = attempt;

    /// <summary>
    /// Time that a worker has for it. From the fourth attempt on it grows, so that a broken workflow costs little.
    /// </summary>
    public TimeSpan StartToClose
    {
        get
        {
            var given = Run.Started.WorkflowTaskTimeout.ToTimeSpan();
            if (Attempt <= AttemptsWithoutBackoff)
                return given;
            var wait = FirstBackoff * Math.Pow(2, Math.Min(Attempt - AttemptsWithoutBackoff - 1, 10));
            return given + (wait < MaxBackoff ? wait : MaxBackoff);
        }
    }

    public long ScheduledEventId { get; set; }

    public long StartedEventId { get; set; }

    public bool IsStarted { get; set; }

    public string Stamp { get; set; } = "";

    public string Identity { get; set; } = "";

    public DateTimeOffset ScheduledTime { get; set; }

    public DateTimeOffset StartedTime { get; set; }

    /// <summary>
    /// Events of a transient or speculative task, as shown to the worker and written only with its completion.
    /// </summary>
    public List<HistoryEvent> Unwritten { get; } = [];

    /// <summary>Start-to-close when started, schedule-to-start while it waits on a sticky queue; real time.</summary>
    public Alarm? Timeout { get; set; }

    public TaskQueue<IWorkflowWork>? Queue { get; set; }

    /// <summary>Whether it waits on the queue of the worker that has the run cached.</summary>
    public bool IsOnStickyQueue => Run.StickyQueue != null && Queue?.Name == Run.StickyQueue;

    public long Entry { get; set; }

    public bool Waits(long entry) => !IsStarted && Entry == entry && ReferenceEquals(Run.Task, this);
}
