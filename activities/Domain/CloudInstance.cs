using System.Globalization;
using System.Text.RegularExpressions;

namespace Nstance.Temporal.Activities.Domain;

/// <summary>Tags of an instance: nstance's own, and the collector's.</summary>
internal static class CloudTags
{
    public const string Managed = "nstance:managed";
    public const string ClusterId = "nstance:cluster-id";
    public const string Shard = "nstance:shard";
    public const string InstanceId = "nstance:instance-id";
    public const string Group = "nstance:group";
    public const string GcProtect = "nstance:gc-protect";

    /// <summary>When the collector stopped the instance instead of terminating it.</summary>
    public const string GcQuarantined = "nstance:gc-quarantined";
}

/// <summary>One instance as the cloud describes it now.</summary>
/// <param name="ProviderId">The cloud's id.</param>
/// <param name="State">Its state as the cloud names it.</param>
/// <param name="Status">Its state as nstance names it.</param>
/// <param name="LaunchTime">UTC; null if the cloud did not say.</param>
/// <param name="Zone">Availability zone.</param>
/// <param name="PrivateIpv4">Private address.</param>
/// <param name="Ipv6">First IPv6 address.</param>
/// <param name="Hostname">Private DNS name.</param>
/// <param name="Tags">All tags.</param>
internal sealed partial record CloudInstance(
    string ProviderId, string State, InstanceStatus Status, DateTimeOffset? LaunchTime, string? Zone,
    string? PrivateIpv4, string? Ipv6, string? Hostname, IReadOnlyDictionary<string, string> Tags)
{
    /// <summary>Prefix of the id that tracks an own instance without id tag.</summary>
    public const string DanglingPrefix = "dangling-";

    private const int MaxShown = 80;

    public string? InstanceId => Tag(CloudTags.InstanceId);

    public string? Group => Tag(CloudTags.Group);

    /// <summary>Gets the id that tracks it: its instance-id tag, or one made from the provider id.</summary>
    public string TrackingId => InstanceId ?? DanglingPrefix + ProviderId;

    /// <summary>True if all three tags match; otherwise the machine is foreign.</summary>
    public bool IsOwn(ShardRef shard) =>
        Tag(CloudTags.Managed) == "true" && Tag(CloudTags.ClusterId) == shard.Cluster
        && Tag(CloudTags.Shard) == shard.Shard;

    /// <summary>
    /// Returns why the instance is protected by its tag; null if it is not. A time protects until then. Any other value
    /// protects until the tag is removed, also a mistyped time or "false".
    /// </summary>
    public string? Protection(DateTimeOffset asOf)
    {
        if (!Tags.TryGetValue(CloudTags.GcProtect, out var value)) return null;
        if (!TryParseTime(value, out var until))
            return $"protected by tag {CloudTags.GcProtect}={Shown(value)}";
        return asOf < until ? $"protected by tag until {until:yyyy-MM-dd HH:mm:ss}Z" : null;
    }

    /// <summary>Reads a time in a tag, RFC 3339.</summary>
    internal static bool TryParseTime(string value, out DateTimeOffset time)
    {
        time = default;

        // The offset is required: a time without one could terminate a machine hours early.
        return Rfc3339().IsMatch(value)
            && DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out time);
    }

    /// <summary>Writes a time for a tag, in the same form on every host.</summary>
    internal static string FormatTime(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>Returns a tag's value, short enough for a sentence.</summary>
    internal static string Shown(string value) => OneLine.Cut(value, MaxShown);

    private string? Tag(string key) => Tags.TryGetValue(key, out var value) && value.Length > 0 ? value : null;

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?(Z|[+-]\d\d:\d\d)$", RegexOptions.CultureInvariant)]
    private static partial Regex Rfc3339();
}
