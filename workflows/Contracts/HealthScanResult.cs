namespace Nstance.Temporal.Workflows.Contracts;

/// <summary>Outcome of <c>ScanHealth</c>.</summary>
public sealed record HealthScanResult : PhaseResult
{
    /// <summary>Registered, live instances.</summary>
    public int Registered { get; init; }

    /// <summary>Of those, with a report older than the health interval, or none.</summary>
    public int Stale { get; init; }

    /// <summary><c>CheckInstance</c> events handed to the reconciler.</summary>
    public int Enqueued { get; init; }

    /// <summary>
    /// Why nothing was enqueued, in one sentence: too many look stale, so the source of health is suspect. Null: it is
    /// not.
    /// </summary>
    public string? Suspect { get; init; }

    /// <summary>Registered rows with an invalid time; named in <see cref="PhaseResult.Problems"/>.</summary>
    public int Invalid { get; init; }

    /// <summary>A new plan of checks that a suspect source of health held back; null: none.</summary>
    public CollectPlan? Plan { get; init; }

    /// <summary>What became of the plan that was pending; null: none was.</summary>
    public PendingPlan? Pending { get; init; }

    /// <summary>True: nothing of the approved checks is left to be sent.</summary>
    public bool ApprovalDone { get; init; }

    /// <summary>Refused plans of checks that the guard does not hold back any more.</summary>
    public IReadOnlyList<string> RejectionsOver { get; init; } = [];
}
