namespace Nstance.Temporal.Workflows.Collector;

/// <summary>Decides what becomes of plans. Pure: the time comes from the caller.</summary>
internal static class Approvals
{
    /// <summary>The refusal of a name or comment that is too long.</summary>
    public static readonly string TooLong = $"By and Comment hold at most {ActivityFault.MaxSentence} characters.";

    /// <summary>Why a decision cannot be taken; null: it can.</summary>
    public static string? Refusal(GcState state, PlanDecision? decision)
    {
        if (decision is null) return "A decision is missing: plan, by, comment.";
        if (string.IsNullOrWhiteSpace(decision.By)) return "By is missing: say who decides.";
        if (string.IsNullOrWhiteSpace(decision.Comment)) return "Comment is missing: say why.";
        if (Math.Max(decision.By.Length, decision.Comment.Length) > ActivityFault.MaxSentence) return TooLong;
        if (state.Pending is not { } pending) return "No plan is pending.";
        return decision.Plan == pending.Id || decision.Plan == pending.Hash
            ? null
            : $"Plan \"{ActivityFault.Cut(decision.Plan ?? "")}\" is not the one that is pending: {pending.Id}.";
    }

    public static GcState Approve(GcState state, PlanDecision decision, DateTimeOffset now) => state with
    {
        Approval = new(state.Pending!.Hash, decision.By.Trim(), decision.Comment.Trim(), now),
        Rejection = null,
        Pending = null,
    };

    /// <summary>Also takes back an approval that was given for it.</summary>
    public static GcState Reject(GcState state, PlanDecision decision, DateTimeOffset now) => state with
    {
        Rejection = new(state.Pending!.Hash, decision.By.Trim(), decision.Comment.Trim(), now),
        Approval = state.Approval?.Hash == state.Pending.Hash ? null : state.Approval,
        Pending = null,
    };

    /// <summary>The approval, if it has not expired.</summary>
    public static Approval? Valid(GcState state, DateTimeOffset now) =>
        state.Approval is { } approval && now < approval.Until ? approval : null;

    /// <summary>The state after a cycle that was allowed to terminate.</summary>
    public static GcState After(GcState state, CycleReport report, DateTimeOffset now)
    {
        state = state with { Approval = Valid(state, now) };
        var collect = report.Collect;
        if (collect is { ApprovalDone: true }) state = state with { Approval = null };
        var plan = collect?.Plan ?? report.Health?.Plan;

        // A phase that could not look says nothing about the pending plan. Without one, the health scan may still have
        // held something back.
        var hasLooked = collect is { QuietHours: null } && collect.Blocked.All(g => g.Guard != Guards.Cloud);
        if (!hasLooked && (plan is null || state.Pending is not null)) return state;
        if (plan is not null && plan.Hash == state.Rejection?.Hash) return state with { Pending = null };
        // The pending plan keeps the time at which it was proposed first.
        if (plan is not null && plan.Hash == state.Pending?.Hash) return state;
        return state with { Pending = plan };
    }
}
