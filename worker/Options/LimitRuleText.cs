using System.Globalization;

namespace Nstance.Temporal.Worker.Options;

/// <summary>Rules of limits as people write them: <c>acme/web:dangling=10/50, *:orphan=0/0, shard:*=20/30</c>.</summary>
internal static class LimitRuleText
{
    public const string Allowed =
        "WHO:REASON=FLOOR/PERCENT, separated by commas; WHO is tenant/group, * (every group) or shard; REASON is unhealthy, dangling, orphan, "
        + "stale-pre-insert or *";

    /// <summary>What cannot be understood; null: <paramref name="rules"/> holds all.</summary>
    public static string? Read(string? text, out IReadOnlyList<LimitRule> rules)
    {
        var read = new List<LimitRule>();
        rules = read;
        foreach (var part in (text ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (Parse(part) is not { } rule) return part;
            read.Add(rule);
        }

        return null;
    }

    private static LimitRule? Parse(string text)
    {
        if (text.Split(':', '=', '/') is not { Length: 4 or 5 } || text.Split('=') is not [var left, var right]
            || left.Split(':') is not [var who, var why] || right.Split('/') is not [var floor, var percent])
            return null;
        if (!int.TryParse(floor, NumberStyles.None, CultureInfo.InvariantCulture, out var least)
            || !int.TryParse(percent, NumberStyles.None, CultureInfo.InvariantCulture, out var share) || share > 100)
            return null;
        if (who is not ("*" or "shard") && !GcSettingsRules.IsGroup(who)) return null;
        CollectReason? reason = null;
        if (why != "*")
        {
            if (!Enum.TryParse<CollectReason>(why.Replace("-", "", StringComparison.Ordinal), ignoreCase: true, out var named) || char.IsDigit(why[0]))
                return null;
            reason = named;
        }

        return new(least, share) { OfShard = who == "shard", Group = who is "*" or "shard" ? null : who, Reason = reason };
    }
}
