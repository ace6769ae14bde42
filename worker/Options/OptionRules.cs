using System.Net;
using System.Text.RegularExpressions;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Reconcile;

namespace Nstance.Temporal.Worker.Options;

/// <summary>A setting that breaks a rule.</summary>
/// <param name="Name">Name of the <see cref="Setting"/>.</param>
/// <param name="Message">The value and what is allowed.</param>
internal sealed record OptionFault(string Name, string Message);

/// <summary>The rules of <see cref="GcOptions"/>, for the command line and for any host of the collector.</summary>
internal static class OptionRules
{
    /// <summary>Returns all faults at once: of each setting, then of settings that need one another.</summary>
    public static IReadOnlyList<OptionFault> Faults(GcOptions options) =>
    [
        .. Rows(options).Where(row => row.Message is not null).Select(row => new OptionFault(row.Name, row.Message!)),
    ];

    private static IEnumerable<(string Name, string? Message)> Rows(GcOptions of) =>
    [
        (nameof(of.Cluster), Text(of.Cluster, Identifiers.IsValid, $"an id: {Identifiers.Rule}")),
        (nameof(of.Shard), Text(of.Shard, Identifiers.IsValid, $"an id: {Identifiers.Rule}")),
        (nameof(of.Bucket), Text(of.Bucket, text => Matches(text, @"\A[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\z"),
            "a bucket name: 3 to 63 lower-case letters, digits, dots and dashes (no s3:// before it)")),
        (nameof(of.Prefix), Text(of.Prefix, ShardKeys.IsPrefix, $"a prefix of keys: {ShardKeys.PrefixRule}")),
        (nameof(of.HostName), Text(of.HostName ?? "", text => Matches(text, @"\A[A-Za-z0-9][A-Za-z0-9._-]{0,127}\z"),
            "a host name: 1 to 128 letters, digits, dots, dashes and underscores")),
        (nameof(of.DataDirectory), string.IsNullOrWhiteSpace(of.DataDirectory) ? "is missing: a directory" : null),
        (nameof(of.NstanceServerId), Text(of.NstanceServerId, IsServerId,
            $"a server id: 1 to {NstanceLeader.MaxLength} printable ASCII characters, no blanks")),
        (nameof(of.WebhookUrl), of.WebhookUrl is { } url ? Url(url) : null),
        Range(nameof(of.MaxConcurrentActivities), of.MaxConcurrentActivities, 1, 1000),
        Range(nameof(of.Pollers), of.Pollers, 2, 200),
        Range(nameof(of.MaxCachedWorkflows), of.MaxCachedWorkflows, 10, 1_000_000),
        Range(nameof(of.Ec2RatePercent), of.Ec2RatePercent, 1, 100),
        Range(nameof(of.ShutdownTimeout), of.ShutdownTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10)),
        Range(nameof(of.ConnectTimeout), of.ConnectTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5)),
        (nameof(of.HealthAddress), Text(of.HealthAddress ?? "", IsListenAddress,
            "an IP address with a port, such as 127.0.0.1:9464 or [::1]:9464, or off")),
        (nameof(of.LogFormat), of.LogFormat is "text" or "json"
            ? null : $"\"{of.LogFormat}\" is not known: text or json"),
        .. GcSettingsRules.Ranges(of.Collector).Select(Range),
        (nameof(of.SharedDatabasePath), of.SharedDatabasePath is not null && (of.Cluster is null || of.Shard is null)
            ? "it is one shard's database: say which with --cluster and --shard" : null),
        (nameof(of.WebhookSecretFile), of.WebhookSecretFile is { } file ? Secret(file, of.WebhookUrl) : null),
    ];

    private static string? Text(string? text, Predicate<string> isAllowed, string form) =>
        text is null || isAllowed(text) ? null : $"\"{text}\" is not {form}";

    private static bool Matches(string text, string pattern) =>
        Regex.IsMatch(text, pattern, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));

    private static bool IsServerId(string text) =>
        text.Length is > 0 and <= NstanceLeader.MaxLength && text.All(c => c is > ' ' and < '\u007f');

    private static bool IsListenAddress(string text) =>
        text == GcOptions.Off || (text.Contains(':') && IPEndPoint.TryParse(text, out _));

    /// <summary>The address may hold a token, so a message never repeats it.</summary>
    private static string? Url(string text) =>
        !Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https")
            ? "not an address: http://… or https://…"
        : uri.UserInfo.Length > 0
            ? "an address with a user name or a password: remove what stands before the @, and sign the posts with "
                + "--webhook-secret-file"
        : IPAddress.TryParse(uri.IdnHost, out var address) && Webhook.IsLinkLocal(address)
            ? "a link-local address (169.254.0.0/16, fe80::/10 and the like), where clouds keep their metadata "
                + "services: give a receiver's address"
        : null;

    private static string? Secret(string file, string? webhookUrl) =>
        webhookUrl is null ? "it signs posts to a webhook: give --webhook-url too"
        : File.Exists(file) ? null
        : $"\"{file}\" is not there: a file that holds the secret";

    private static (string Name, string? Message) Range(string name, object value, IComparable min, IComparable max) =>
        Range(new(name, value, min, max));

    private static (string Name, string? Message) Range(SettingRange range) =>
        (range.Name.Replace("Limits.", "Limit"), range.IsBroken ? OutOfRange(range) : null);

    private static string OutOfRange(SettingRange range) => range switch
    {
        { Value: TimeSpan time, Min: TimeSpan min, Max: TimeSpan max } =>
            $"{DurationText.Format(time)} is out of range: a time from {DurationText.Format(min)} to "
            + DurationText.Format(max) + (range.Name == nameof(GcSettings.HostTimeout) ? ", the cycle timeout" : ""),
        _ => FormattableString.Invariant(
            $"{range.Value} is out of range: a whole number, {range.Min} to {range.Max}"),
    };
}
