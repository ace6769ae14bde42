namespace Nstance.Temporal.Workflows.Collector;

/// <summary>Decides what becomes of plans. Pure: the time comes from the caller.</summary>
internal static class Approvals
{
    /// <summary>The maximum number of refused plans, and of ended ones whose objects are not deleted yet.</summary>
    public const int MaxKept = 20;

    /// <summary>The refusal of a name or comment that is too long.</summary>
    public static readonly string TooLong =
        $"By and Comment hold at most {ActivityFault.MaxSentence} characters: shorten them.";

    private const string NoPlan = "No plan is pending. Status and nstance-gc plan show the next one.";

    /// <summary>Why a plan cannot be approved; null: it can. A refused plan may still be approved.</summary>
    public static string? Refusal(GcState state, PlanDecision? decision, DateTimeOffset now)
    {
        if (Fault(decision) is { } fault) return fault;
        if (state.Rejections.Any(rejection => Names(decision!, rejection.Hash))) return null;
        return NotPending(state, decision!) ?? (now < state.Pending!.Until ? null
            : $"Plan {state.Pending.Id} expired at {state.Pending.Until.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z; "
                + "wait for the next one.");
    }

    /// <summary>Why a plan cannot be rejected; null: it can. An approved plan may still be rejected.</summary>
    public static string? RejectRefusal(GcState state, PlanDecision? decision) => Fault(decision)
        ?? (Names(decision!, state.Approval?.Hash) ? null : NotPending(state, decision!));

    public static GcState Approve(GcState state, PlanDecision decision, DateTimeOffset now)
    {
        var rejection = state.Rejections.FirstOrDefault(rejection => Names(decision, rejection.Hash));
        var hash = rejection?.Hash ?? state.Pending!.Hash;
        // One approval at a time: the earlier one is over.
        if (state.Approval is { } earlier && earlier.Hash != hash) state = End(state, earlier.Hash);
        return state with
        {
            Approval = new(
                hash, decision.By.Trim(), decision.Comment.Trim(), now,
                rejection?.IsOfHealth ?? state.Pending!.IsOfHealth),
            Rejections = [.. state.Rejections.Where(other => other.Hash != hash)],
            Pending = rejection is null ? null : state.Pending,
        };
    }

    public static GcState Reject(GcState state, PlanDecision decision, DateTimeOffset now)
    {
        var isApproved = Names(decision, state.Approval?.Hash);
        var rejection = new Rejection(
            isApproved ? state.Approval!.Hash : state.Pending!.Hash,
            decision.By.Trim(),
            decision.Comment.Trim(),
            now,
            isApproved ? state.Approval!.IsOfHealth : state.Pending!.IsOfHealth);
        foreach (var old in state.Rejections.Skip(MaxKept - 1)) state = End(state, old.Hash);
        return state with
        {
            Rejections = [rejection, .. state.Rejections.Take(MaxKept - 1)],
            Approval = isApproved ? null : state.Approval,
            Pending = isApproved ? state.Pending : null,
        };
    }

    /// <summary>Forgets the pending plan and the approval: the collector goes to dry-run.</summary>
    public static GcState Withdraw(GcState state)
    {
        if (state.Approval is { } approval) state = End(state, approval.Hash);
        if (state.Pending is { } pending) state = End(state, pending.Hash);
        return state with { Approval = null, Pending = null };
    }

    /// <summary>The approval, if it has not expired.</summary>
    public static Approval? Valid(GcState state, DateTimeOffset now) =>
        state.Approval is { } approval && now < approval.Until ? approval : null;

    /// <summary>
    /// What a phase needs to know of plans; null: there are none. In dry-run no plan is proposed, and none is over.
    /// <paramref name="collect"/> is what Collect did in this cycle, if it has run.
    /// </summary>
    public static PlansInput? Input(GcState state, CollectResult? collect, bool dryRun, DateTimeOffset asOf)
    {
        // A plan that Collect found to be over must not keep the health scan from proposing its own.
        var isOver = collect?.Pending is { Over: not null } found && found.Hash == state.Pending?.Hash;
        var waits = !isOver && asOf < state.Pending?.Until;
        var pending = collect?.Plan ?? (waits ? state.Pending : null);
        var plans = new PlansInput
        {
            Pending = dryRun || pending is null ? null : new(pending.Hash, pending.IsOfHealth),
            Rejected = state.Rejections,
            Ended = dryRun ? [] : state.EndedPlans,
        };
        return plans is { Pending: null, Rejected.Count: 0, Ended.Count: 0 } ? null : plans;
    }

    /// <summary>The state after a cycle that was allowed to terminate.</summary>
    public static GcState After(GcState state, CycleReport report, DateTimeOffset now)
    {
        state = Expire(state, now);
        state = AfterApproval(state, report);
        var over = (report.Collect?.RejectionsOver ?? []).Concat(report.Health?.RejectionsOver ?? []).ToHashSet();
        foreach (var hash in over.Where(hash => state.Rejections.Any(r => r.Hash == hash))) state = End(state, hash);
        var deleted = (report.Collect?.PlansDeleted ?? []).ToHashSet();
        state = state with
        {
            Rejections = [.. state.Rejections.Where(rejection => !over.Contains(rejection.Hash))],
            EndedPlans = [.. state.EndedPlans.Where(hash => !deleted.Contains(hash))],
        };

        if (report.Collect is { } collect) state = AfterPhase(state, collect.Pending, collect.Plan, isHealth: false);
        if (report.Health is { } health) state = AfterPhase(state, health.Pending, health.Plan, isHealth: true);
        return state;
    }

    /// <summary>What a phase says of a plan holds only if no operator decided about it in the meantime.</summary>
    private static GcState AfterPhase(
        GcState state, PendingPlan? found, CollectPlan? proposed, bool isHealth)
    {
        var wasFree = found is null;
        if (found is not null && found.Hash == state.Pending?.Hash)
        {
            // Collect runs first, so the health scan adds to its count.
            var waiting = found.Waiting + (isHealth ? state.Pending.Waiting : 0);
            state = state with { Pending = state.Pending with { Waiting = waiting } };
            if (found.Over is not null && state.Pending.IsOfHealth == isHealth)
            {
                wasFree = true;
                state = End(state, found.Hash) with { Pending = null };
            }
        }

        if (proposed is null) return state;
        return wasFree && state.Pending is null ? state with { Pending = proposed } : End(state, proposed.Hash);
    }

    private static GcState AfterApproval(GcState state, CycleReport report)
    {
        if (state.Approval is not { } approval || approval.Hash != report.Approval?.Hash) return state;
        var isDone = approval.IsOfHealth ? report.Health?.ApprovalDone : report.Collect?.ApprovalDone;
        return isDone is true ? End(state, approval.Hash) with { Approval = null } : state;
    }

    private static GcState Expire(GcState state, DateTimeOffset now)
    {
        if (state.Approval is { } approval && Valid(state, now) is null)
            state = End(state, approval.Hash) with { Approval = null };
        return state.Pending is { } pending && now >= pending.Until
            ? End(state, pending.Hash) with { Pending = null }
            : state;
    }

    private static GcState End(GcState state, string hash) => state with
    {
        EndedPlans = [hash, .. state.EndedPlans.Where(ended => ended != hash).Take(MaxKept - 1)],
    };

    private static string? Fault(PlanDecision? decision)
    {
        if (decision is null) return "A decision is missing: plan, by, comment.";
        if (string.IsNullOrWhiteSpace(decision.By)) return "By is missing: say who decides.";
        if (string.IsNullOrWhiteSpace(decision.Comment)) return "Comment is missing: say why.";
        return Math.Max(decision.By.Length, decision.Comment.Length) > ActivityFault.MaxSentence ? TooLong : null;
    }

    private static bool Names(PlanDecision decision, string? hash) =>
        hash is not null && (decision.Plan == hash || decision.Plan == CollectPlan.IdOf(hash));

    private static string? NotPending(GcState state, PlanDecision decision) =>
        state.Pending is not { } pending ? NoPlan
        : Names(decision, pending.Hash) ? null
        : $"Plan \"{ActivityFault.Cut(decision.Plan ?? "")}\" is not pending. The pending plan is {pending.Id}: "
            + "read it, then decide.";
}
