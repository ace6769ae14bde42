using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Text.RegularExpressions;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Reconcile;

namespace Nstance.Temporal.Worker.Options;

/// <summary>A rule for the value of one setting.</summary>
/// <param name="fault">
/// Returns the fault: the value and what is allowed. The reader puts the name before it. Null if the value is allowed.
/// </param>
[AttributeUsage(AttributeTargets.Property)]
internal abstract class RuleAttribute(Func<object?, string?> fault) : ValidationAttribute
{
    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext) =>
        fault(value) is { } message
            ? new(message, validationContext.MemberName is { } name ? [name] : null)
            : null;
}

/// <summary>An id of nstance (contract, "Names").</summary>
internal sealed class IdentifierAttribute() : RuleAttribute(value =>
    value is not string text || Identifiers.IsValid(text) ? null : $"\"{text}\" is not an id: {Identifiers.Rule}");

/// <summary>An S3 bucket's name.</summary>
internal sealed partial class BucketNameAttribute() : RuleAttribute(value =>
    value is not string text || Pattern().IsMatch(text)
        ? null
        : $"\"{text}\" is not a bucket name: 3 to 63 lower-case letters, digits, dots and dashes (no s3:// before it)")
{
    [GeneratedRegex(@"\A[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Pattern();
}

/// <summary>A prefix of the bucket's keys.</summary>
internal sealed class KeyPrefixAttribute() : RuleAttribute(value =>
    value is not string text || ShardKeys.IsPrefix(text)
        ? null
        : $"\"{text}\" is not a prefix of keys: {ShardKeys.PrefixRule}");

/// <summary>The name of a host; it becomes part of a task queue's name.</summary>
internal sealed partial class HostNameAttribute() : RuleAttribute(value =>
    value is string text && Pattern().IsMatch(text)
        ? null
        : $"\"{value}\" is not a host name: 1 to 128 letters, digits, dots, dashes and underscores")
{
    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]{0,127}\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Pattern();
}

/// <summary>The id of a server of nstance, as its configuration names it.</summary>
internal sealed class ServerIdAttribute() : RuleAttribute(value =>
    value is not string text
    || (text.Length is > 0 and <= NstanceLeader.MaxLength && text.All(c => c is > ' ' and < '\u007f'))
        ? null
        : $"\"{text}\" is not a server id: 1 to {NstanceLeader.MaxLength} printable ASCII characters, no blanks");

/// <summary>An absolute http or https address. It may hold a token, so a message never repeats it.</summary>
internal sealed class HttpUrlAttribute() : RuleAttribute(value =>
    value is not string text ? null
    : !Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https")
        ? "not an address: http://… or https://…"
    : IPAddress.TryParse(uri.IdnHost, out var address) && Webhook.IsLinkLocal(address)
        ? "a link-local address (169.254.0.0/16, fe80::/10 and the like), where clouds keep their metadata services: "
            + "give a receiver's address"
        : null);

/// <summary>An IP address with a port, or <c>off</c>.</summary>
internal sealed class ListenAddressAttribute() : RuleAttribute(value =>
    value is string text && (text == GcOptions.Off || (text.Contains(':') && IPEndPoint.TryParse(text, out _)))
        ? null
        : $"\"{value}\" is not an IP address with a port, such as 127.0.0.1:9464 or [::1]:9464, or off");

/// <summary>One of a few words.</summary>
internal sealed class OneOfAttribute(params string[] words) : RuleAttribute(value =>
    words.Contains(value) ? null : $"\"{value}\" is not known: {string.Join(" or ", words)}");

/// <summary>A whole number between two bounds, both allowed.</summary>
internal sealed class WholeAttribute(int from, int to) : RuleAttribute(value =>
    value is int number && number >= from && number <= to
        ? null
        : FormattableString.Invariant($"{value} is out of range: a whole number, {from} to {to}"));

/// <summary>A time between two bounds, both allowed; a missing one is allowed too.</summary>
internal sealed class DurationAttribute(string from, string to) : RuleAttribute(value =>
    value is not TimeSpan time || (time >= DurationText.Parse(from) && time <= DurationText.Parse(to))
        ? null
        : $"{DurationText.Format(time)} is out of range: a time from {from} to {to}");
