namespace Nstance.Temporal.Workflows.Contracts;

/// <summary>
/// What limits and guards held back in one cycle, until an operator decides. It never changes: later candidates wait
/// for the next plan. All of its instances are in the bucket, under its hash; here are counts and a few samples.
/// </summary>
/// <param name="Hash">SHA-256 of the object in the bucket, in hex. A changed object is never carried out.</param>
/// <param name="CreatedAt">Time of the cycle that made it.</param>
/// <param name="Instances">How many instances it holds.</param>
public sealed record CollectPlan(string Hash, DateTimeOffset CreatedAt, int Instances)
{
    /// <summary>Length of <see cref="Id"/>.</summary>
    public const int IdLength = 12;

    /// <summary>The maximum number of <see cref="Samples"/>.</summary>
    public const int MaxSamples = 5;

    /// <summary>The maximum number of <see cref="Parts"/>.</summary>
    public const int MaxParts = 10;

    /// <summary>How long a plan waits for a decision: 24 hours (design, "Evidence, limits, guards").</summary>
    public static TimeSpan Validity { get; } = TimeSpan.FromHours(24);

    /// <summary>The start of its hash: what people say and type.</summary>
    public string Id => IdOf(Hash);

    /// <summary>From then on it cannot be approved.</summary>
    public DateTimeOffset Until => CreatedAt + Validity;

    /// <summary>Which limits and guards hold it back, one sentence for each reason.</summary>
    public IReadOnlyList<string> Exceeded { get; init; } = [];

    /// <summary>The guards that hold it back: an approval covers them and no other. Empty: limits alone.</summary>
    public IReadOnlyList<string> Guards { get; init; } = [];

    /// <summary>Counts by reason and group, largest first; at most <see cref="MaxParts"/>.</summary>
    public IReadOnlyList<PlanPart> Parts { get; init; } = [];

    /// <summary>A few of its instances.</summary>
    public IReadOnlyList<InstanceNote> Samples { get; init; } = [];

    /// <summary>Later candidates that are held back too, and wait for the next plan.</summary>
    public int Waiting { get; init; }

    /// <summary>True: it holds checks of instances that do not report, not terminations.</summary>
    public bool IsOfHealth => Guards.Contains(Contracts.Guards.Health);

    /// <summary>Returns the start of a hash.</summary>
    /// <param name="hash">A whole hash.</param>
    public static string IdOf(string hash) => hash is { Length: > IdLength } ? hash[..IdLength] : hash;
}

/// <summary>Instances of a plan with the same reason and group.</summary>
/// <param name="Reason">The reason; null: a check of instances that do not report.</param>
/// <param name="Group"><c>tenant/group</c>, as far as known.</param>
/// <param name="Instances">How many.</param>
public sealed record PlanPart(CollectReason? Reason, string Group, int Instances);

/// <summary>What a phase needs to know of plans. All of them are in the bucket, under their hashes.</summary>
public sealed record PlansInput
{
    /// <summary>The plan that waits for a decision; null: none.</summary>
    public PlanRef? Pending { get; init; }

    /// <summary>Plans that an operator refused.</summary>
    public IReadOnlyList<Rejection> Rejected { get; init; } = [];

    /// <summary>Plans that are over: <c>Collect</c> deletes their objects.</summary>
    public IReadOnlyList<string> Ended { get; init; } = [];
}

/// <summary>Names a plan.</summary>
/// <param name="Hash">Of the plan.</param>
/// <param name="IsOfHealth">True: it holds checks of instances that do not report.</param>
public sealed record PlanRef(string Hash, bool IsOfHealth);

/// <summary>What a phase found of the plan that waits for a decision.</summary>
/// <param name="Hash">Of the plan that was pending when the phase began.</param>
/// <param name="Waiting">How many are held back and not of this plan: they wait for the next one.</param>
/// <param name="Over">Why it cannot wait any longer, in one sentence; null: it waits on.</param>
public sealed record PendingPlan(string Hash, int Waiting = 0, string? Over = null);

/// <summary>Argument of the updates <c>Approve</c> and <c>Reject</c>.</summary>
/// <param name="Plan">Id or hash of the plan.</param>
/// <param name="By">Who decides; must not be empty.</param>
/// <param name="Comment">Why; must not be empty.</param>
public sealed record PlanDecision(string Plan, string By, string Comment) : UpdateRequest;

/// <summary>A plan that may be carried out: exactly its instances, after fresh evidence, until a time.</summary>
/// <param name="Hash">Of the plan.</param>
/// <param name="By">Who approved.</param>
/// <param name="Comment">Why.</param>
/// <param name="At">When.</param>
/// <param name="IsOfHealth">True: the plan holds checks of instances that do not report.</param>
public sealed record Approval(
    string Hash,
    string By,
    string Comment,
    DateTimeOffset At,
    bool IsOfHealth = false)
{
    /// <summary>How long an approval holds: 1 hour (design, "Evidence, limits, guards").</summary>
    public static TimeSpan Validity { get; } = TimeSpan.FromHours(1);

    /// <summary>After it nothing is done.</summary>
    public DateTimeOffset Until => At + Validity;
}

/// <summary>A refused plan. Its instances are skipped, and not proposed again on the same evidence.</summary>
/// <param name="Hash">Of the plan.</param>
/// <param name="By">Who refused.</param>
/// <param name="Comment">Why.</param>
/// <param name="At">When.</param>
/// <param name="IsOfHealth">True: the plan holds checks of instances that do not report.</param>
public sealed record Rejection(string Hash, string By, string Comment, DateTimeOffset At, bool IsOfHealth = false);

/// <summary>Argument of the update <c>SetMode</c>.</summary>
/// <param name="DryRun">True: report what would be terminated, terminate nothing. False: enforce. Required.</param>
/// <param name="By">Who asks; must not be empty.</param>
/// <param name="Comment">Why, if said.</param>
public sealed record ModeRequest(bool? DryRun, string By, string? Comment = null) : UpdateRequest;

/// <summary>The mode an operator set; it wins over the settings until they are replaced.</summary>
/// <param name="DryRun">True: nothing ends.</param>
/// <param name="By">Who set it.</param>
/// <param name="At">When.</param>
/// <param name="Comment">Why, if said.</param>
public sealed record ModeState(bool DryRun, string By, DateTimeOffset At, string? Comment = null);
