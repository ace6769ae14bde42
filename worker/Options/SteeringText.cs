using System.Globalization;

namespace Nstance.Temporal.Worker.Options;

/// <summary>
/// Rules of limits (<c>acme/web:dangling=10/50, *:orphan=0/0, shard:*=20/30</c>) and quiet hours
/// (<c>Sat,Sun 00:00-00:00 Europe/Berlin; 02:00-04:30</c>) as people write them.
/// </summary>
internal static class SteeringText
{
    public static readonly string AllowedRules =
        "WHO:REASON=FLOOR/PERCENT, separated by commas; WHO is tenant/group, * (every group) or shard; REASON is "
        + $"{string.Join(", ", Enum.GetNames<CollectReason>().Select(Setting.Kebab))} or *";

    public const string AllowedQuietHours =
        "[DAYS] HH:mm-HH:mm [ZONE], separated by semicolons; DAYS like Mon,Tue (every day without them), "
        + "ZONE like Europe/Berlin (UTC without it)";

    /// <summary>Reads rules of limits. Returns the first invalid part; null if all are valid.</summary>
    public static string? Rules(string? text, out IReadOnlyList<LimitRule> rules) => Read(text, ',', Rule, out rules);

    /// <summary>Reads quiet hours. Returns the first invalid part; null if all are valid.</summary>
    public static string? QuietHours(string? text, out IReadOnlyList<QuietHours> hours) =>
        Read(text, ';', Hours, out hours);

    /// <summary>Writes rules of limits as <see cref="Rules"/> reads them.</summary>
    public static string Format(IReadOnlyList<LimitRule> rules) => string.Join(", ", rules.Select(rule =>
    {
        var who = rule.OfShard ? "shard" : rule.Group ?? "*";
        var reason = rule.Reason is { } one ? Setting.Kebab($"{one}") : "*";
        return FormattableString.Invariant($"{who}:{reason}={rule.Floor}/{rule.Percent}");
    }));

    /// <summary>Writes quiet hours as <see cref="QuietHours"/> reads them.</summary>
    public static string Format(IReadOnlyList<QuietHours> all) => string.Join("; ", all.Select(hours =>
    {
        var days = hours.Days.Count > 0 ? $"{string.Join(',', hours.Days)} " : "";
        return $"{days}{hours.From}-{hours.To}{(hours.TimeZone == "UTC" ? "" : $" {hours.TimeZone}")}";
    }));

    private static string? Read<T>(string? text, char separator, Func<string, T?> parse, out IReadOnlyList<T> all)
        where T : class
    {
        const StringSplitOptions Trimmed = StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries;
        var parts = (text ?? "").Split(separator, Trimmed);
        all = [.. parts.Select(parse).OfType<T>()];
        return Array.Find(parts, part => parse(part) is null);
    }

    private static LimitRule? Rule(string text)
    {
        if (text.Split('=') is not [var left, var right]
            || left.Split(':') is not [var who, var why]
            || right.Split('/') is not [var floor, var percent]
            || !int.TryParse(floor, NumberStyles.None, CultureInfo.InvariantCulture, out var minInstances)
            || !int.TryParse(percent, NumberStyles.None, CultureInfo.InvariantCulture, out var share)
            || !TryReason(why, out var reason))
            return null;
        var group = who is "*" or "shard" ? null : who;
        var rule = new LimitRule(minInstances, share, group, reason, OfShard: who == "shard");
        return IsValid(new() { Limits = new() { Rules = [rule] } }) ? rule : null;
    }

    /// <summary>Reads a reason; null means every reason.</summary>
    private static bool TryReason(string text, out CollectReason? reason)
    {
        reason = null;
        if (text == "*") return true;
        reason = Enum.GetValues<CollectReason>().Cast<CollectReason?>().FirstOrDefault(
            r => string.Equals($"{r}", text.Replace("-", ""), StringComparison.OrdinalIgnoreCase));
        return reason is not null;
    }

    private static QuietHours? Hours(string text)
    {
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToList();
        string[] days = [];
        if (words.Count > 0 && char.IsLetter(words[0][0]))
        {
            days = words[0].Split(',');
            words.RemoveAt(0);
        }

        if (words.Count is 0 or > 2 || words[0].Split('-') is not [var from, var to]) return null;
        var zone = words.Count == 2 ? words[1] : "UTC";
        var hours = new QuietHours(from, to) { Days = days, TimeZone = zone };
        var isKnown = TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _);
        return isKnown && IsValid(new() { QuietHours = [hours] }) ? hours : null;
    }

    /// <summary>Asks the collector's own rules.</summary>
    private static bool IsValid(GcSettings settings) => GcSettingsRules.Faults(settings).Count == 0;
}
