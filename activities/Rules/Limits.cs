namespace Nstance.Temporal.Activities.Rules;

/// <summary>
/// How much one reason may end in a cycle (design, "Limits"). Whole or not at all: a limit that lets a part through only
/// makes a wrong judgement slower.
/// </summary>
internal static class Limits
{
    /// <summary>Null: within the limits. Else one sentence: which limit, and by how much.</summary>
    public static string? Exceeded(
        TerminationLimits limits,
        CollectReason reason,
        IReadOnlyCollection<(string Tenant, string Group)> toEnd,
        IReadOnlyDictionary<(string Tenant, string Group), int> live)
    {
        if (!limits.Enabled || toEnd.Count == 0) return null;
        var liveInShard = live.Values.Sum();
        var shard = Allowed(liveInShard, Rule(limits, reason, null) ?? new(limits.ShardFloor, limits.ShardPercent));
        if (toEnd.Count > shard)
            return $"{toEnd.Count} of the shard's {liveInShard} live instances would be terminated; at most {shard} may";
        foreach (var group in toEnd.GroupBy(g => g).OrderByDescending(g => g.Count()))
        {
            // The tenant of an orphan is unknown: it may be of any group of that name.
            var members = group.Key.Tenant.Length > 0 ? live.GetValueOrDefault(group.Key)
                : live.Where(l => l.Key.Group == group.Key.Group).Sum(l => l.Value);
            var name = $"{group.Key.Tenant}/{group.Key.Group}";
            var allowed = Allowed(members, Rule(limits, reason, name) ?? new(limits.GroupFloor, limits.GroupPercent));
            if (group.Key.Tenant.Length == 0) allowed = Strictest(limits, reason, group.Key.Group, members, allowed);
            if (group.Count() > allowed)
                return $"{group.Count()} of the {members} live instances of group {Name(group.Key)} would be terminated; at most {allowed} may";
        }

        return null;
    }

    /// <summary>The bounds that hold for one instance and reason, in words.</summary>
    public static string InForce(TerminationLimits limits, CollectReason reason, string tenant, string group)
    {
        if (!limits.Enabled) return "off";
        var own = Rule(limits, reason, $"{tenant}/{group}") ?? new(limits.GroupFloor, limits.GroupPercent);
        var all = Rule(limits, reason, null) ?? new(limits.ShardFloor, limits.ShardPercent);
        return $"group {own.Floor} or {own.Percent}%, shard {all.Floor} or {all.Percent}%";
    }

    /// <summary>The rule that names most: group before reason; of two alike the later. Null group: the shard's own.</summary>
    private static LimitRule? Rule(TerminationLimits limits, CollectReason reason, string? group) =>
        (limits.Rules ?? [])
            .Where(r => (r.Reason ?? reason) == reason && r.OfShard == (group is null) && (r.Group ?? group) == group)
            .Reverse()
            .MaxBy(r => (r.Group is null ? 0 : 2) + (r.Reason is null ? 0 : 1));

    /// <summary>
    /// What nobody knows the tenant of may be of any group of that name: the strictest rule for one holds, so that an
    /// orphan is no way around a limit.
    /// </summary>
    private static int Strictest(TerminationLimits limits, CollectReason reason, string group, int members, int allowed) =>
        (limits.Rules ?? [])
            .Where(r => !r.OfShard && (r.Reason ?? reason) == reason && r.Group?.EndsWith($"/{group}", StringComparison.Ordinal) is true)
            .Select(r => Allowed(members, r))
            .Append(allowed)
            .Min();

    private static int Allowed(int live, LimitRule rule) =>
        Math.Max(rule.Floor, (int)((long)live * Math.Clamp(rule.Percent, 0, 100) / 100));

    private static string Name((string Tenant, string Group) group) =>
        $"{(group.Tenant.Length > 0 ? group.Tenant : "(unknown)")}/{(group.Group.Length > 0 ? group.Group : "(none)")}";
}
