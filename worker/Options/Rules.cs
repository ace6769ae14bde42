using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Text.RegularExpressions;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Reconcile;

namespace Nstance.Temporal.Worker.Options;

/// <summary>A rule for the value of one setting.</summary>
/// <param name="fault">Returns the value and what is allowed; null if it is. The reader adds the name.</param>
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

/// <summary>A text that has a form, which a message names as <paramref name="form"/>.</summary>
internal sealed class PatternAttribute(string pattern, string form) : RuleAttribute(value =>
    value is not string text || Regex.IsMatch(text, pattern, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1))
        ? null
        : $"\"{text}\" is not {form}");

/// <summary>A prefix of the bucket's keys.</summary>
internal sealed class KeyPrefixAttribute() : RuleAttribute(value =>
    value is not string text || ShardKeys.IsPrefix(text)
        ? null
        : $"\"{text}\" is not a prefix of keys: {ShardKeys.PrefixRule}");

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
    : uri.UserInfo.Length > 0
        ? "an address with a user name or a password: remove what stands before the @, and sign the posts with "
            + "--webhook-secret-file"
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
