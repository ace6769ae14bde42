using Nstance.Temporal.TestServer.Clock;
using Nstance.Temporal.TestServer.Runs;
using Temporalio.Api.Common.V1;
using Temporalio.Api.Failure.V1;
using Temporalio.Api.Schedule.V1;

namespace Nstance.Temporal.TestServer.Schedules;

/// <summary>A schedule and where it stands. Used under the engine's lock.</summary>
internal sealed class ScheduleEntry(string ns, string id, string requestId)
{
    public string Namespace { get; } = ns;

    public string Id { get; } = id;

    /// <summary>
    /// Tells this schedule from an earlier one of the same id: seed of its jitter, key of its place in lists.
    /// </summary>
    public string Seed { get; } = Guid.NewGuid().ToString();

    public string RequestId { get; } = requestId;

    public required Schedule Schedule { get; set; }

    public required CompiledSpec Spec { get; set; }

    public required DateTimeOffset CreateTime { get; init; }

    /// <summary>Actions that were due before it are not taken: the spec was another one then.</summary>
    public DateTimeOffset? UpdateTime { get; set; }

    public Memo Memo { get; set; } = new();

    public SearchAttributes SearchAttributes { get; set; } = new();

    public long ConflictToken { get; set; } = 1;

    /// <summary>
    /// Nominal time up to which the spec has been worked off (not "now": jitter must not lose a time).
    /// </summary>
    public required DateTimeOffset Cursor { get; set; }

    public List<BufferedStart> Buffer { get; set; } = [];

    public Queue<PendingBackfill> Backfills { get; } = new();

    /// <summary>
    /// The run that overlap policies look at, as it is after retries and continue-as-new; null when none is open.
    /// </summary>
    public WorkflowRun? Running { get; set; }

    /// <summary>Last starts, oldest first.</summary>
    public List<ScheduleActionResult> Recent { get; } = [];

    public long ActionCount { get; set; }

    public long MissedCatchup { get; set; }

    public long OverlapSkipped { get; set; }

    public long BufferDropped { get; set; }

    public Payloads? LastResult { get; set; }

    public Failure? LastFailure { get; set; }

    public Alarm? Alarm { get; set; }

    public bool IsDeleted { get; set; }

    public bool MayAct =>
        !Schedule.State.Paused && (!Schedule.State.LimitedActions || Schedule.State.RemainingActions > 0);

    public void Touch() => ConflictToken++;
}
