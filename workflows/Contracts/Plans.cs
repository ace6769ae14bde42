namespace Nstance.Temporal.Workflows.Contracts;

/// <summary>
/// What a cycle would have terminated without its limit. It is held back whole until an operator approves exactly this.
/// The host that made it keeps all of its instances; here are a few.
/// </summary>
/// <param name="Hash">SHA-256 of its content, in hex: another instance, reason or evidence makes another hash.</param>
/// <param name="CreatedAt">Time of the cycle that made it first.</param>
/// <param name="Instances">How many would be terminated.</param>
public sealed record CollectPlan(string Hash, DateTimeOffset CreatedAt, int Instances)
{
    /// <summary>Length of <see cref="Id"/>.</summary>
    public const int IdLength = 12;

    /// <summary>The start of its hash: what people say and type.</summary>
    public string Id => Hash.Length > IdLength ? Hash[..IdLength] : Hash;

    /// <summary>Which limits are exceeded, one sentence for each reason.</summary>
    public IReadOnlyList<string> Exceeded { get; init; } = [];

    /// <summary>Up to 20 of its instances.</summary>
    public IReadOnlyList<InstanceNote> Samples { get; init; } = [];
}

/// <summary>Argument of the updates <c>Approve</c> and <c>Reject</c>.</summary>
/// <param name="Plan">Id or hash of the plan that is pending.</param>
/// <param name="By">Who decides; must not be empty.</param>
/// <param name="Comment">Why; must not be empty.</param>
public sealed record PlanDecision(string Plan, string By, string Comment) : UpdateRequest;

/// <summary>A plan that may be carried out: exactly its instances, after fresh evidence, until a time.</summary>
/// <param name="Hash">Of the plan.</param>
/// <param name="By">Who approved.</param>
/// <param name="Comment">Why.</param>
/// <param name="At">When.</param>
public sealed record Approval(string Hash, string By, string Comment, DateTimeOffset At)
{
    /// <summary>How long an approval holds: 1 hour (design, "Limits").</summary>
    public static TimeSpan Validity { get; } = TimeSpan.FromHours(1);

    /// <summary>After it nothing is done.</summary>
    public DateTimeOffset Until => At + Validity;
}

/// <summary>A plan that was refused: not asked about again while it stays the same.</summary>
/// <param name="Hash">Of the plan.</param>
/// <param name="By">Who refused.</param>
/// <param name="Comment">Why.</param>
/// <param name="At">When.</param>
public sealed record Rejection(string Hash, string By, string Comment, DateTimeOffset At);

/// <summary>Argument of the update <c>SetMode</c>.</summary>
/// <param name="DryRun">True: report what would be terminated, terminate nothing. False: enforce. Required.</param>
/// <param name="By">Who asks; must not be empty.</param>
public sealed record ModeRequest(bool? DryRun, string By) : UpdateRequest
{
    /// <summary>Why, if said.</summary>
    public string? Comment { get; init; }
}

/// <summary>The mode an operator set; it wins over the settings until they are replaced.</summary>
/// <param name="DryRun">True: nothing ends.</param>
/// <param name="By">Who set it.</param>
/// <param name="At">When.</param>
public sealed record ModeState(bool DryRun, string By, DateTimeOffset At)
{
    /// <summary>Why, if said.</summary>
    public string? Comment { get; init; }
}
