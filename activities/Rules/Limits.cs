namespace Nstance.Temporal.Activities.Rules;

/// <summary>
/// How much one reason may terminate in a cycle (design, "Evidence, limits, guards"). Over a limit, nothing of that
/// reason is terminated: a partial termination would only slow down a wrong judgement.
/// </summary>
internal static class Limits
{
    /// <summary>
    /// Returns which limit is exceeded, and by how much; null if none is. What an <paramref name="earlier"/> attempt at
    /// the phase terminated, by group, counts too.
    /// </summary>
    public static string? Exceeded(
        TerminationLimits limits,
        CollectReason reason,
        IReadOnlyCollection<(string Tenant, string Group)> terminating,
        IReadOnlyDictionary<(string Tenant, string Group), int> live,
        IReadOnlyDictionary<(string Tenant, string Group), LimitedCount>? earlier = null)
    {
        if (!limits.Enabled || terminating.Count == 0) return null;
        if (earlier is { Count: > 0 })
        {
            terminating = [.. terminating, .. earlier.SelectMany(e => Enumerable.Repeat(e.Key, e.Value.Instances))];
            var left = earlier.Select(e => KeyValuePair.Create(e.Key, e.Value.Left));
            live = live.Concat(left).GroupBy(l => l.Key).ToDictionary(l => l.Key, l => l.Sum(n => n.Value));
        }

        var liveInShard = live.Values.Sum();
        var max = Allowed(liveInShard, ShardRule(limits, reason));
        if (terminating.Count > max)
            return Sentence(terminating.Count, $"the shard's {liveInShard} live instances", max);
        foreach (var group in terminating.GroupBy(g => g).OrderByDescending(g => g.Count()))
        {
            var (tenant, name) = group.Key;
            var members = tenant.Length > 0
                ? live.GetValueOrDefault(group.Key)
                : live.Where(l => l.Key.Group == name).Sum(l => l.Value);
            max = Rules(limits, reason, tenant, name).Min(rule => Allowed(members, rule));
            if (group.Count() <= max) continue;
            var shown = GroupName.Shown(tenant, name);
            return Sentence(group.Count(), $"the {members} live instances of group {shown}", max);
        }

        return null;
    }

    public static string Describe(TerminationLimits limits, CollectReason reason, string tenant, string group)
    {
        if (!limits.Enabled) return "off";
        var own = GroupRule(limits, reason, $"{tenant}/{group}");
        var all = ShardRule(limits, reason);
        return $"group {own.Floor} or {own.Percent}%, shard {all.Floor} or {all.Percent}%";
    }

    /// <summary>
    /// Returns the rules of a group. The tenant of an orphan is unknown, so the rules of every group of that name
    /// apply: an orphan must not bypass a limit.
    /// </summary>
    private static IEnumerable<LimitRule> Rules(
        TerminationLimits limits, CollectReason reason, string tenant, string group)
    {
        var own = GroupRule(limits, reason, $"{tenant}/{group}");
        if (tenant.Length > 0) return [own];
        return (limits.Rules ?? [])
            .Where(r => !r.OfShard && (r.Reason ?? reason) == reason)
            .Where(r => r.Group?.EndsWith($"/{group}", StringComparison.Ordinal) is true)
            .Append(own);
    }

    private static LimitRule GroupRule(TerminationLimits limits, CollectReason reason, string group) =>
        MostSpecific(limits, reason, group) ?? new(limits.GroupFloor, limits.GroupPercent);

    private static LimitRule ShardRule(TerminationLimits limits, CollectReason reason) =>
        MostSpecific(limits, reason, null) ?? new(limits.ShardFloor, limits.ShardPercent);

    /// <summary>
    /// Returns the most specific rule: group before reason, later before earlier. A shard has no group.
    /// </summary>
    private static LimitRule? MostSpecific(TerminationLimits limits, CollectReason reason, string? group) =>
        (limits.Rules ?? [])
            .Where(r => (r.Reason ?? reason) == reason && r.OfShard == (group is null) && (r.Group ?? group) == group)
            .Reverse()
            .MaxBy(r => (r.Group is null ? 0 : 2) + (r.Reason is null ? 0 : 1));

    private static int Allowed(int live, LimitRule rule) =>
        Math.Max(rule.Floor, (int)((long)live * Math.Clamp(rule.Percent, 0, 100) / 100));

    private static string Sentence(int count, string live, int max) =>
        $"{count} of {live} would be terminated; at most {max} may";
}
