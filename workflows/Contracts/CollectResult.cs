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
public sealed record CollectCounts
{
    /// <summary>The reason that is counted.</summary>
    public CollectReason Reason { get; init; }

    /// <summary>Rows that looked like garbage.</summary>
    public int Candidates { get; init; }

    /// <summary>Instances terminated at the cloud (in dry-run: that would be).</summary>
    public int Terminated { get; init; }

    /// <summary>Nothing was left at the cloud to terminate; record deleted and row marked all the same.</summary>
    public int AlreadyGone { get; init; }

    /// <summary>Fresh evidence or protection said no, or could not tell.</summary>
    public int Skipped { get; init; }

    /// <summary>The termination failed; record and row are as they were.</summary>
    public int Failed { get; init; }

    /// <summary>Held back because the reason is over its limit.</summary>
    public int OverLimit { get; init; }

    /// <summary>Held back by a guard.</summary>
    public int Blocked { get; init; }

    /// <summary>Tagged and stopped, to be terminated later; record and row are as they were.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Quarantined { get; init; }
}

/// <summary>Outcome of <c>Collect</c>.</summary>
public sealed record CollectResult : PhaseResult
{
    /// <summary>Counts of each reason, in the order of <see cref="CollectReason"/>.</summary>
    public IReadOnlyList<CollectCounts> Counts { get; init; } = [];

    /// <summary><c>GroupChanged</c> events handed to the reconciler (one for each group).</summary>
    public int GroupsChanged { get; init; }

    /// <summary>Invalid rows; named in <see cref="PhaseResult.Problems"/>.</summary>
    public int Invalid { get; init; }

    /// <summary>Machines that shut down already. They are left to the cloud, and counted for no reason.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int AlreadyTerminating { get; init; }

    /// <summary>
    /// Of those, machines that shut down for more than an hour; named in <see cref="PhaseResult.Problems"/>.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int StuckTerminating { get; init; }

    /// <summary>A new plan of what limits and guards held back; null: none.</summary>
    public CollectPlan? Plan { get; init; }

    /// <summary>What became of the plan that was pending; null: none was.</summary>
    public PendingPlan? Pending { get; init; }

    /// <summary>Refused plans none of whose instances is a candidate any more.</summary>
    public IReadOnlyList<string> RejectionsOver { get; init; } = [];

    /// <summary>Plans whose objects were deleted.</summary>
    public IReadOnlyList<string> PlansDeleted { get; init; } = [];

    /// <summary>Instances terminated because their plan was approved.</summary>
    public int Approved { get; init; }

    /// <summary>True: nothing of the approved plan is left to be done.</summary>
    public bool ApprovalDone { get; init; }

    /// <summary>Guards that held candidates back; empty: none did.</summary>
    public IReadOnlyList<GuardNote> Blocked { get; init; } = [];

    /// <summary>The quiet hours in which nothing is collected, in one sentence; null: there are none now.</summary>
    public string? QuietHours { get; init; }

    /// <summary>Gets the counts of one reason; zeros when it had no candidates.</summary>
    /// <param name="reason">The reason.</param>
    /// <returns>Its counts.</returns>
    public CollectCounts Of(CollectReason reason) =>
        Counts.FirstOrDefault(c => c.Reason == reason) ?? new() { Reason = reason };
}
