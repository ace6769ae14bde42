using System.Text.Json.Serialization;

namespace Nstance.Temporal.Workflows.Contracts;

/// <summary>Why an instance is collected. The order is that in which candidates are judged.</summary>
public enum CollectReason
{
    /// <summary>The cloud says that it is stopping, stopped, suspended, ending or being repaired.</summary>
    Unhealthy,

    /// <summary>Never registered within the registration timeout.</summary>
    Dangling,

    /// <summary>Exists in the cloud alone: no record, never registered within the registration timeout.</summary>
    Orphan,

    /// <summary>Its row is marked as deleted, and its machine runs.</summary>
    DeletedButRunning,

    /// <summary>A row from before the cloud call; not found at the cloud.</summary>
    StalePreInsert,

    /// <summary>Registered, its agent does not report, and the cloud knows no machine of it.</summary>
    MachineLost,
}

/// <summary>What became of the candidates of one reason.</summary>
/// <param name="Reason">The reason that is counted.</param>
/// <param name="Candidates">Rows that looked like garbage.</param>
/// <param name="Terminated">Instances terminated at the cloud (in dry-run: that would be).</param>
/// <param name="AlreadyGone">Nothing was left to terminate; record deleted and row marked all the same.</param>
/// <param name="Skipped">Fresh evidence or protection said no, or could not tell.</param>
/// <param name="Failed">The termination failed; record and row are as they were.</param>
/// <param name="OverLimit">Held back because the reason is over its limit.</param>
/// <param name="Blocked">Held back by a guard.</param>
/// <param name="Quarantined">Tagged and stopped, to be terminated later; record and row are as they were.</param>
public sealed record CollectCounts(
    CollectReason Reason = default,
    int Candidates = 0,
    int Terminated = 0,
    int AlreadyGone = 0,
    int Skipped = 0,
    int Failed = 0,
    int OverLimit = 0,
    int Blocked = 0,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] int Quarantined = 0);

/// <summary>Outcome of <c>Collect</c>.</summary>
/// <param name="GroupsChanged"><c>GroupChanged</c> events handed to the reconciler (one for each group).</param>
/// <param name="Invalid">Invalid rows; named in <see cref="PhaseResult.Problems"/>.</param>
/// <param name="AlreadyTerminating">
/// Machines that shut down already. They are left to the cloud, and counted for no reason.
/// </param>
/// <param name="StuckTerminating">Of those, for more than an hour; named in <see cref="PhaseResult.Problems"/>.</param>
/// <param name="Plan">A new plan of what limits and guards held back; null: none.</param>
/// <param name="Pending">What became of the plan that was pending; null: none was.</param>
/// <param name="Approved">Instances terminated because their plan was approved.</param>
/// <param name="ApprovalDone">True: nothing of the approved plan is left to be done.</param>
/// <param name="QuietHours">
/// The quiet hours in which nothing is collected, in one sentence; null: there are none now.
/// </param>
public sealed record CollectResult(
    int GroupsChanged = 0,
    int Invalid = 0,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] int AlreadyTerminating = 0,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] int StuckTerminating = 0,
    CollectPlan? Plan = null,
    PendingPlan? Pending = null,
    int Approved = 0,
    bool ApprovalDone = false,
    string? QuietHours = null) : PhaseResult
{
    /// <summary>Counts of each reason, in the order of <see cref="CollectReason"/>.</summary>
    public IReadOnlyList<CollectCounts> Counts { get; init; } = [];

    /// <summary>Refused plans none of whose instances is a candidate any more.</summary>
    public IReadOnlyList<string> RejectionsOver { get; init; } = [];

    /// <summary>Plans whose objects were deleted.</summary>
    public IReadOnlyList<string> PlansDeleted { get; init; } = [];

    /// <summary>Guards that held candidates back; empty: none did.</summary>
    public IReadOnlyList<GuardNote> Blocked { get; init; } = [];

    /// <summary>Gets the counts of one reason; zeros when it had no candidates.</summary>
    public CollectCounts Of(CollectReason reason) =>
        Counts.FirstOrDefault(c => c.Reason == reason) ?? new() { Reason = reason };
}
