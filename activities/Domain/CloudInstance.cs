using System.Globalization;
using System.Text.RegularExpressions;

namespace Nstance.Temporal.Activities.Domain;

/// <summary>Why an instance must not be ended, and until when; <see cref="Until"/> null: no end.</summary>
internal sealed record Protection(string Why, DateTimeOffset? Until);

/// <summary>Tags by which nstance knows its instances (contract, "EC2 tags"), and the one of the collector.</summary>
internal static class CloudTags
{
    public const string Managed = "nstance:managed";
    public const string ClusterId = "nstance:cluster-id";
    public const string Shard = "nstance:shard";
    public const string InstanceId = "nstance:instance-id";
    public const string Kind = "nstance:instance-kind";
    public const string Group = "nstance:group";
    public const string GcProtect = "nstance:gc-protect";

    /// <summary>When the collector stopped it, instead of ending it.</summary>
    public const string GcQuarantined = "nstance:gc-quarantined";
}

/// <summary>One instance as the cloud describes it now.</summary>
/// <param name="ProviderId">The cloud's id.</param>
/// <param name="State">The cloud's own word.</param>
/// <param name="Status">nstance's word for it.</param>
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
    /// <summary>Start of the id under which an own instance without id tag is tracked.</summary>
    public const string DanglingPrefix = "dangling-";

    public string? InstanceId => Tag(CloudTags.InstanceId);

    public string? Group => Tag(CloudTags.Group);

    public string? Kind => Tag(CloudTags.Kind);

    /// <summary>The id of the row that stands for it: its instance-id tag, or made from the provider id.</summary>
    public string TrackingId => InstanceId ?? DanglingPrefix + ProviderId;

    /// <summary>All three tags must match; anything less is somebody else's machine.</summary>
    public bool IsOwn(ShardRef shard) =>
        Tag(CloudTags.Managed) == "true" && Tag(CloudTags.ClusterId) == shard.Cluster
        && Tag(CloudTags.Shard) == shard.Shard;

    /// <summary>
    /// Null: not protected. The tag's value is a time until which it holds; any other text is a reason and holds
    /// until the tag is removed. So a mistyped time protects, and so does "false".
    /// </summary>
    public Protection? Protection(DateTimeOffset asOf)
    {
        if (!Tags.TryGetValue(CloudTags.GcProtect, out var value)) return null;
        if (!TryParseTime(value, out var until))
            return new Protection($"protected by tag {CloudTags.GcProtect}={Shown(value)}", null);
        return asOf < until ? new Protection($"protected by tag until {until:yyyy-MM-dd HH:mm:ss}Z", until) : null;
    }

    /// <summary>A time in a tag, RFC 3339.</summary>
    internal static bool TryParseTime(string value, out DateTimeOffset time)
    {
        time = default;
        // The offset is required: a time without one could end a machine hours early.
        return Rfc3339().IsMatch(value)
            && DateTimeOffset.TryParse(
                value, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out time);
    }

    /// <summary>A tag's value, short enough for a sentence.</summary>
    internal static string Shown(string value) => value.Length <= 80 ? value : value[..80] + "…";

    private string? Tag(string key) => Tags.TryGetValue(key, out var value) && value.Length > 0 ? value : null;

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?(Z|[+-]\d\d:\d\d)$", RegexOptions.CultureInvariant)]
    private static partial Regex Rfc3339();
}
