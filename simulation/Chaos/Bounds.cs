namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>
/// I5: what operators allow in one phase of one cycle on one host. Kept over the attempts at a phase, since together they
/// may not end more than one of them might.
/// </summary>
/// <param name="World">The truth.</param>
/// <param name="Input">What the operators said, before any planted bug.</param>
/// <param name="Rows">The database when the phase began.</param>
/// <param name="Approved">Ids of the instances that somebody approved, while that holds.</param>
internal sealed record Bounds(ChaosWorld World, PhaseInput Input, IReadOnlyList<SeenRow> Rows, IReadOnlySet<string> Approved)
{
    private static readonly Sweep[] Ending = [Sweep.Unhealthy, Sweep.Dangling, Sweep.Orphan, Sweep.DeletedButRunning, Sweep.StalePreInsert];

    private readonly HashSet<string> _ended = [];

    /// <summary>Group of those that ended without an approval of their own.</summary>
    private readonly List<string> _groups = [];

    public void Deletes(string what, string? group)
    {
        if (Input.DryRun) World.Violate("I5", $"{what} deleted in a dry run");
        if (Input.Windows is { Count: > 0 }) World.Violate("I5", $"{what} deleted in a maintenance window");
        if (Holds(group, [.. Ending, Sweep.Purge])) World.Violate("I5", $"{what} deleted while group {group} is paused");
    }

    /// <summary>A live machine is about to end.</summary>
    public void Ends(string name, string providerId, string id, string group)
    {
        if (!_ended.Add(providerId)) return;
        if (Input.DryRun) World.Violate("I5", $"{name} ended in a dry run");
        if (Input.Windows is { Count: > 0 }) World.Violate("I5", $"{name} ended in a maintenance window");
        if (Holds(group, Ending)) World.Violate("I5", $"{name} ended while group {group} is paused");
        if (Approved.Contains(id)) return;
        _groups.Add(group);
        if (!Input.Limits.Enabled) return;
        // The truth does not know for which reason; all but one end machines.
        var reasons = Enum.GetValues<CollectReason>().Where(r => r != CollectReason.StalePreInsert).ToArray();
        var shard = reasons.Sum(r => Allowed(r, null, Rows.Count(row => row.IsLive)));
        if (_groups.Count > shard) World.Violate("I5", $"{name} is number {_groups.Count} of a cycle; at most {shard} may end");
        var same = reasons.Sum(r => Allowed(r, group, Rows.Count(row => row.IsLive && row.Group == group)));
        if (_groups.Count(g => g == group) > same)
            World.Violate("I5", $"{name} is one of {_groups.Count(g => g == group)} of {group} in a cycle; at most {same} may end");
    }

    /// <summary>What a whole attempt says it did.</summary>
    public void Said(CollectResult result)
    {
        foreach (var note in result.Samples.Where(n => n.Action == "terminated" && n.ProviderId is not null))
        {
            if (World.Machines[note.ProviderId!].StateAt(World.Now) is "pending" or "running")
                World.Violate("I5", $"{note.ProviderId} was reported as ended, and runs");
        }

        if (!Input.Limits.Enabled || Input.DryRun || result.Approved > 0) return;
        foreach (var of in result.Counts)
        {
            var reason = of.Reason;
            var allowed = Allowed(reason, null, Rows.Count(row => row.IsLive));
            if (of.Terminated > allowed) World.Violate("I5", $"{of.Terminated} {reason} ended; at most {allowed} may");
            if (of.OverLimit > 0 && of.Terminated > 0) World.Violate("I5", $"{reason}: over its limit, and {of.Terminated} ended all the same");
        }
    }

    private bool Holds(string? group, Sweep[] sweeps) => Input.PartialPauses?.Any(h =>
        (h.Sweep is null || (sweeps is [var only] && h.Sweep == only)) && (h.Group is null || h.Group == $"{Story.Tenant}/{group}")) ?? false;

    /// <summary>As the contract says it: the rule that names most, the later of two alike.</summary>
    private int Allowed(CollectReason reason, string? group, int live)
    {
        var (floor, percent, most) = group is null
            ? (Input.Limits.ShardFloor, Input.Limits.ShardPercent, -1) : (Input.Limits.GroupFloor, Input.Limits.GroupPercent, -1);
        foreach (var rule in Input.Limits.Rules ?? [])
        {
            if (rule.OfShard != (group is null)) continue;
            if (rule.Reason is { } r && r != reason) continue;
            if (rule.Group is { } g && g != $"{Story.Tenant}/{group}") continue;
            var names = (rule.Group is null ? 0 : 2) + (rule.Reason is null ? 0 : 1);
            if (names >= most) (floor, percent, most) = (rule.Floor, rule.Percent, names);
        }

        return Math.Max(floor, live * percent / 100);
    }
}
