using Nstance.Temporal.Workflows.Collector;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>What operators ask for at a moment. When all is calm they enforce, without limits.</summary>
internal sealed class ChaosOperator(ChaosWorld world)
{
    private const string Name = "operator";

    // A cycle that is cut never collects: who has a slow cloud gives it the time.
    private readonly TimeSpan _cycleTimeout =
        world.Story.Events.Any(e => e.Kind == ChaosEvent.SlowCloud)
            ? TimeSpan.FromHours(8) : new GcSettings().CycleTimeout;

    private readonly HashSet<int> _done = [];
    private IReadOnlySet<string> _approved = new HashSet<string>();

    /// <summary>What the approval covers, by the operator's own memory.</summary>
    public IReadOnlySet<string> Approved(GcState state, DateTimeOffset asOf) =>
        Approvals.Valid(state, asOf) is null ? new HashSet<string>() : _approved;

    /// <summary>True: they approve the plan that is pending, whatever the story says.</summary>
    public bool ApprovesNext { get; set; }

    /// <summary>Null: all is paused.</summary>
    public GcState? Steer(GcState state, DateTimeOffset now)
    {
        var enforces = world.Quiet
            || world.Story.Events.Any(e => e.Kind == ChaosEvent.Enforce && e.At <= world.Elapsed);
        state = state with
        {
            Mode = new ModeState(!enforces || world.Has(ChaosEvent.DryRun), Name, now),
            PartialPauses = [.. world.Holding(ChaosEvent.PartialPause).Select(e =>
                new PauseState("story", now, Group: e.Group, Sweep: e.Sweep))],
        };
        var decisions = world.Story.Events.Where(e =>
            e.Kind is ChaosEvent.Approve or ChaosEvent.Reject && e.At <= world.Elapsed && _done.Add(e.Number));
        if (decisions.LastOrDefault() is { } last) state = Decide(state, last.Kind == ChaosEvent.Approve, now);

        // In the end a person gets past whatever guard is left.
        if (ApprovesNext || (world.Quiet && state.Blocks.Count > 0)) state = Decide(state, approve: true, now);
        ApprovesNext = false;

        // A rejection holds until a person approves the plan.
        if (world.Quiet && Approvals.Valid(state, now) is null && state.Rejections is [var refused, ..])
            state = Approve(state, new(CollectPlan.IdOf(refused.Hash), Name, "calm"), refused.Hash, now);
        return world.Has(ChaosEvent.Pause) ? null : state;
    }

    /// <summary>What the collector is configured with now.</summary>
    public GcSettings Settings() => new()
    {
        // Nothing bounds the last cycles: a plan that was rejected is not proposed again.
        Limits = world.Quiet ? TerminationLimits.Off
            : world.Has(ChaosEvent.Limits) ? new()
            : world.Story.Setup.Limits,
        Quarantine = world.Story.Setup.Quarantine,
        CycleTimeout = _cycleTimeout,
        QuietHours = [.. world.Holding(ChaosEvent.QuietHours).Select(e =>
            new QuietHours(
                $"{Story.Start + e.At + world.Skew:HH:mm}", $"{Story.Start + e.At + e.For + world.Skew:HH:mm}"))],
    };

    private GcState Decide(GcState state, bool approve, DateTimeOffset now)
    {
        if (state.Pending is not { } plan) return state;
        var decision = new PlanDecision(plan.Id, Name, "story");
        if (Approvals.Refusal(state, decision, now) is not null) return state;
        return approve
            ? Approve(state, decision, plan.Hash, now)
            : Approvals.Reject(state, decision, now);
    }

    private GcState Approve(GcState state, PlanDecision decision, string hash, DateTimeOffset now)
    {
        _approved = (world.Plans.Find(hash)?.Items ?? []).Select(item => item.InstanceId).ToHashSet();
        return Approvals.Approve(state, decision, now);
    }
}
