using Nstance.Temporal.Workflows.Contracts;

namespace Nstance.Temporal.Activities.Collection;

/// <summary>
/// How much one reason may end in a cycle (design, "Limits"). Whole or not at all: a limit that lets a part through only
/// makes a wrong judgement slower.
/// </summary>
internal static class Limits
{
    /// <summary>Null: within the limits. Else one sentence: which limit, and by how much.</summary>
    public static string? Exceeded(
        TerminationLimits limits,
        IReadOnlyCollection<(string Tenant, string Group)> toEnd,
        IReadOnlyDictionary<(string Tenant, string Group), int> live,
        int liveInShard)
    {
        if (!limits.Enabled || toEnd.Count == 0) return null;
        var shard = Allowed(liveInShard, limits.ShardFloor, limits.ShardPercent);
        if (toEnd.Count > shard)
            return $"{toEnd.Count} of the shard's {liveInShard} live instances would end; at most {shard} may";
        foreach (var group in toEnd.GroupBy(g => g).OrderByDescending(g => g.Count()))
        {
            var members = live.GetValueOrDefault(group.Key);
            var allowed = Allowed(members, limits.GroupFloor, limits.GroupPercent);
            if (group.Count() > allowed)
                return $"{group.Count()} of the {members} live instances of group {Name(group.Key)} would end; at most {allowed} may";
        }

        return null;
    }

    private static int Allowed(int live, int floor, int percent) =>
        Math.Max(floor, (int)((long)live * Math.Clamp(percent, 0, 100) / 100));

    private static string Name((string Tenant, string Group) group) =>
        $"{(group.Tenant.Length > 0 ? group.Tenant : "(unknown)")}/{(group.Group.Length > 0 ? group.Group : "(none)")}";
}
