using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Simulation.Fleet;
using Nstance.Temporal.Workflows.Collector;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>
/// I11 to I13, after each cycle: the shard recovers from every fault, a guard that blocks speaks, and a completed cycle
/// has collected.
/// </summary>
internal sealed class Recovery(ChaosWorld world, ChaosHosts hosts, ChaosOperator people)
{
    /// <summary>Cycles beside those that a grace period and failed syncs may take.</summary>
    private const int Slack = 3;

    // These say nothing about the shard, or must not disturb it.
    private static readonly ChaosEvent[] Harmless =
    [
        ChaosEvent.Launch, ChaosEvent.SilenceAgent, ChaosEvent.StopMachine, ChaosEvent.ProtectByTag,
        ChaosEvent.FutureRow, ChaosEvent.SlowCloud, ChaosEvent.HostWithoutEc2, ChaosEvent.SlowCall,
    ];

    private static readonly ChaosEvent[] AtOnce =
        [ChaosEvent.DeleteDatabase, ChaosEvent.DamageDatabase, ChaosEvent.Elect, ChaosEvent.MoveLeader];

    private readonly Dictionary<string, DateTimeOffset> _blockedSince = [];
    private readonly Dictionary<string, int> _overdue = [];
    private TimeSpan _last = TimeSpan.Zero;
    private int _bad;
    private bool _checksEnded;

    private ShardTimings Timings => world.Story.Setup.Timings;

    /// <summary>Checks a cycle that ended; <paramref name="isStruck"/>: a host or a call failed during it.</summary>
    public void Ended(CycleReport report, GcState state, IReadOnlySet<string> approved, bool isStruck)
    {
        GuardsSpeak(report, state);
        var isDisturbed = isStruck || report.DryRun || IsDisturbed(_last);
        _last = world.Elapsed;
        if (isDisturbed)
        {
            _bad = 0;
            _overdue.Clear();
            return;
        }

        ApprovalHolds(report, state, approved);
        if (report is not { Outcome: CycleOutcome.Completed, Grace: null })
        {
            Recovers(report);
            return;
        }

        _bad = 0;
        if (Collects(report, state)) GarbageGoes(report);
    }

    /// <summary>I11: within some cycles after a fault the shard collects, or waits for an approval.</summary>
    private void Recovers(CycleReport report)
    {
        var grace = Math.Max(Cycles(Timings.RegistrationTimeout), Cycles(Timings.HealthCheckInterval));
        if (++_bad <= grace + HostRules.MaxFailedSyncs + Slack) return;
        if (report is { Outcome: CycleOutcome.Blocked, Grace: null }) people.ApprovesNext = true;
        else world.Violate("I11", $"{_bad} cycles after the last fault: {report.Outcome}, {Why(report)}");
    }

    /// <summary>
    /// I11: what was approved is not held back again by the same guard. An approval covers an instance for one reason.
    /// A plan that waited before the approval of another one is not a new one.
    /// </summary>
    private void ApprovalHolds(CycleReport report, GcState state, IReadOnlySet<string> approved)
    {
        if (report.Approval is not { } approval || state.Pending is not { } pending) return;
        if (pending.CreatedAt < approval.At) return;
        if (world.Plans.Find(approval.Hash) is not { } old || world.Plans.Find(pending.Hash) is not { } plan) return;
        if (plan.Guards.Except(old.Guards).Any()) return;
        var again = plan.Items.Count(item => approved.Contains(item.InstanceId) && old.Items.Any(i => i.Covers(item)));
        if (again > 0) world.Violate("I11", $"{again} approved instances are held back again: {Why(report)}");
    }

    /// <summary>I12: a guard that blocks shows itself, since when, and a way out.</summary>
    private void GuardsSpeak(CycleReport report, GcState state)
    {
        var held = report.Collect?.Counts.Sum(c => c.Blocked) ?? 0;
        if (held > 0 && report.Collect!.Blocked.Count == 0) Violate($"{held} are held back by no guard");
        if (report.Outcome == CycleOutcome.Blocked && state.Blocks.Count == 0)
            Violate("the cycle is blocked, and the state names no guard");
        foreach (var guard in _blockedSince.Keys.Except(state.Blocks.Select(b => b.Guard)).ToArray())
            _blockedSince.Remove(guard);
        foreach (var block in state.Blocks)
        {
            if (!Guards.All.Contains(block.Guard) || block.Why.Length == 0)
                Violate($"guard \"{block.Guard}\" says \"{block.Why}\"");
            if (_blockedSince.TryAdd(block.Guard, report.StartedAt)) continue;
            if (block.Since != _blockedSince[block.Guard])
                Violate($"{block.Guard} blocks since {_blockedSince[block.Guard]:u}, says {block.Since:u}");
        }

        var endedBefore = _checksEnded;
        _checksEnded = EndsPlanOfChecks(report);
        // A guard about the cloud's silence holds nothing back: there is nothing to approve.
        var hasWayOut = state.Pending is not null || state.Approval is not null || state.Rejections.Count > 0
            || state.Blocks.Any(b => b.Guard == Guards.Cloud)
            // The next cycle proposes the plan of Collect.
            || (_checksEnded && !endedBefore)
            // The bucket did not take the plan: the next cycle tries again.
            || Reports.AllProblems(report).Any(p => p.Contains("could not be written", StringComparison.Ordinal));
        if (!report.DryRun && (held > 0 || report.Health?.Suspect is not null) && !hasWayOut)
            Violate($"no plan waits for an approval: {Why(report)}");

        void Violate(string what) => world.Violate("I12", what);
    }

    /// <summary>
    /// True: Collect's candidates waited for a plan of checks, and the health scan after it ended that plan.
    /// </summary>
    private static bool EndsPlanOfChecks(CycleReport report) =>
        report.Collect?.Pending is { Waiting: > 0 } waited
        && report.Health is { Suspect: null, Pending: { Over: not null } over } && waited.Hash == over.Hash;

    /// <summary>I13: completed cycles without grace leave no machine that never registered.</summary>
    private void GarbageGoes(CycleReport report)
    {
        var timeout = Timings.RegistrationTimeout;
        var max = Slack + Cycles((2 * timeout) + Timings.SettleTime + TimeSpan.FromHours(1));
        foreach (var m in world.Members)
        {
            var isGarbage = IsJudged(m)
                && world.Fleet.MachineOf(m) is { State: MachineState.Running, TerminationProtected: false } machine
                && machine.LaunchedAt < report.StartedAt - timeout
                && ChaosCloud.Read(machine).Protection(world.Now - TimeSpan.FromHours(3)) is null
                && !world.Story.Events.Any(e => e.Kind == ChaosEvent.FutureRow && e.Member == m.Number);
            var overdue = _overdue[m.Id] = isGarbage ? _overdue.GetValueOrDefault(m.Id) + 1 : 0;
            if (overdue > max)
                world.Violate("I13", $"#{m.Number} ({m.Scenario}) outlives {overdue} completed cycles");
        }
    }

    private static bool IsJudged(Member m) =>
        m is { RegisteredAt: null, HasCorruptRecord: false, HasCorruptRow: false, IsBeingDeleted: false }
            and { Scenario: not (Scenario.Foreign or Scenario.DuplicateId) };

    /// <summary>True: nothing but its rules keeps the collector from terminating garbage.</summary>
    private static bool Collects(CycleReport report, GcState state) =>
        report.Collect is { QuietHours: null, Plan: null } collect && collect.Counts.All(c => c.OverLimit == 0)
        && state is { Pending: null, Rejections.Count: 0, PartialPauses.Count: 0 };

    private bool IsDisturbed(TimeSpan since) => !world.Quiet && (NoHostReachesEc2(since)
        || !world.Story.Events.Any(e => e.Kind == ChaosEvent.Enforce && e.At <= since)
        || world.Story.Events.Any(e => e.At <= world.Elapsed && !Harmless.Contains(e.Kind)
            && (e.For > TimeSpan.Zero || AtOnce.Contains(e.Kind)) && e.At + e.For + After(e) >= since));

    /// <summary>How long an event disturbs the shard after its end.</summary>
    private static TimeSpan After(StoryEvent e) =>
        e.Kind == ChaosEvent.ServerClockAhead ? ChaosWorld.ClockAhead : TimeSpan.Zero;

    /// <summary>True: each host that may hold the shard was cut off from EC2.</summary>
    private bool NoHostReachesEc2(TimeSpan since) => Enumerable.Range(0, ChaosHosts.Count)
        .Where(host => !hosts.IsShared(host) || world.Nstance?.Leader == host)
        .All(host => world.Story.Events.Any(e => e.Kind == ChaosEvent.HostWithoutEc2 && e.Member == host
            && e.At <= world.Elapsed && e.At + e.For >= since));

    private static string Why(CycleReport report) => string.Join(
        "; ", Reports.AllProblems(report).Prepend(report.Grace is { } grace ? $"grace: {grace.Why}" : "no grace"));

    private int Cycles(TimeSpan time) => (int)Math.Ceiling(time / Timings.Interval);
}
