namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>
/// I5: what operators allow in one phase of one cycle on one host. It counts over all attempts at a phase: together
/// they may terminate no more than one of them.
/// </summary>
/// <param name="World">The truth.</param>
/// <param name="Input">What the operators said, before any injected bug.</param>
/// <param name="Rows">The database when the phase began.</param>
/// <param name="Approved">Ids of the instances whose termination is approved, while that holds.</param>
internal sealed record Bounds(
    ChaosWorld World, PhaseInput Input, IReadOnlyList<SeenRow> Rows, IReadOnlySet<string> Approved)
{
    private static readonly Sweep[] Terminating =
        [Sweep.Unhealthy, Sweep.Dangling, Sweep.Orphan, Sweep.DeletedButRunning, Sweep.StalePreInsert];

    // The truth does not know for which reason; all but one terminate machines.
    private static readonly CollectReason[] Reasons =
        [.. Enum.GetValues<CollectReason>().Where(r => r != CollectReason.StalePreInsert)];

    private readonly HashSet<string> _ended = [];
    private int _endedBefore;

    /// <summary>Groups of the machines that were terminated without an approval.</summary>
    private readonly List<string> _groups = [];

    /// <summary>Checks the deletion of a record before it happens.</summary>
    public void Deletes(string what, string? group) => Check($"{what} deleted", group, [.. Terminating, Sweep.Purge]);

    /// <summary>Checks the termination of a machine before it happens.</summary>
    public void Ends(string name, string providerId, string id, string group)
    {
        if (!_ended.Add(providerId)) return;
        Check($"{name} terminated", group, Terminating);
        if (Approved.Contains(id)) return;
        _groups.Add(group);
        if (!Input.Limits.Enabled) return;
        CheckCount(_groups.Count, null);
        CheckCount(_groups.Count(g => g == group), group);

        void CheckCount(int ended, string? of)
        {
            var max = Reasons.Sum(r => Allowed(r, of));
            if (ended > max) Violate($"{name} is termination {ended} in {of ?? "all"}; the limit is {max}");
        }
    }

    /// <summary>An attempt begins, perhaps after one that terminated some machines.</summary>
    public void Begin() => _endedBefore = _ended.Count;

    /// <summary>Checks what a whole attempt reports.</summary>
    public void Said(CollectResult result)
    {
        foreach (var note in result.Samples.Where(n => n.Action == "terminated" && n.ProviderId is not null))
        {
            if (World.Ec2.Find(note.ProviderId!)!.StateName is "pending" or "running")
                Violate($"{note.ProviderId} was reported as terminated, and runs");
        }

        if (!Input.Limits.Enabled || Input.DryRun || result.Approved > 0) return;
        foreach (var of in result.Counts)
        {
            var max = Allowed(of.Reason, null);
            // A machine that shuts down already is reported as terminated, and no limit counts it.
            if (of.Terminated > max && _groups.Count > max)
                Violate($"{of.Terminated} {of.Reason} terminated; the limit is {max}");
            // A retry also reports what an attempt before it terminated, and that counts for its limits.
            if (of.OverLimit > 0 && of.Terminated > 0 && _endedBefore == 0)
                Violate($"{of.Reason}: over its limit, but {of.Terminated} were terminated");
        }
    }

    private void Violate(string what) => World.Violate("I5", what);

    private void Check(string what, string? group, Sweep[] sweeps)
    {
        if (Input.DryRun) Violate($"{what} in a dry run");
        if (Input.QuietHours is { Count: > 0 }) Violate($"{what} in quiet hours");
        var isPaused = Input.PartialPauses?.Any(pause =>
            (pause.Sweep is null || (sweeps is [var only] && pause.Sweep == only))
            && (pause.Group is null || pause.Group == $"{Story.Tenant}/{group}"));
        if (isPaused is true) Violate($"{what} while group {group} is paused");
    }

    /// <summary>As the contract says it: the rule that names most, the later of two alike.</summary>
    private int Allowed(CollectReason reason, string? group)
    {
        var limits = Input.Limits;
        var ofShard = group is null;
        var rules = (limits.Rules ?? []).Where(r => r.OfShard == ofShard
            && (r.Reason is null || r.Reason == reason) && (r.Group is null || r.Group == $"{Story.Tenant}/{group}"));
        var rule = rules.OrderBy(r => (r.Group is null ? 0 : 2) + (r.Reason is null ? 0 : 1)).LastOrDefault();
        var floor = rule?.Floor ?? (ofShard ? limits.ShardFloor : limits.GroupFloor);
        var percent = rule?.Percent ?? (ofShard ? limits.ShardPercent : limits.GroupPercent);
        var live = Rows.Count(row => row.IsLive && (ofShard || row.Group == group));
        return Math.Max(floor, live * percent / 100);
    }
}
