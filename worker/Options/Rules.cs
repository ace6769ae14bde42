using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Nstance.Temporal.Activities.Domain;

namespace Nstance.Temporal.Worker.Options;

// Each rule's message holds the value and what is allowed, not the name: the reader puts the origin before it.

/// <summary>An id of nstance (contract, "Names").</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class IdentifierAttribute : ValidationAttribute
{
    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext) =>
        value is not string text || Identifiers.IsValid(text)
            ? null
            : Fault.Of(validationContext, $"\"{text}\" is not an id: {Identifiers.Rule}");
}

/// <summary>An S3 bucket's name.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed partial class BucketNameAttribute : ValidationAttribute
{
    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext) =>
        value is not string text || Pattern().IsMatch(text)
            ? null
            : Fault.Of(
                validationContext,
                $"\"{text}\" is not a bucket name: 3 to 63 lower-case letters, digits, dots and dashes (no s3:// before it)");

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Pattern();
}

/// <summary>The name of a host; it becomes part of a task queue's name.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed partial class HostNameAttribute : ValidationAttribute
{
    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext) =>
        value is string text && Pattern().IsMatch(text)
            ? null
            : Fault.Of(
                validationContext,
                $"\"{value}\" is not a host name: 1 to 128 letters, digits, dots, dashes and underscores");

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]{0,127}\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Pattern();
}

/// <summary>An absolute http or https address. It may hold a token, so a message never repeats it.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class HttpUrlAttribute : ValidationAttribute
{
    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext) =>
        value is not string text
        || (Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https")
            ? null
            : Fault.Of(validationContext, "not an address: http://… or https://…");
}

/// <summary>An IP address with a port, or <c>off</c>.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class ListenAddressAttribute : ValidationAttribute
{
    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext) =>
        value is string text && (text == "off" || (text.Contains(':') && IPEndPoint.TryParse(text, out _)))
            ? null
            : Fault.Of(validationContext, $"\"{value}\" is not an IP address with a port, such as 127.0.0.1:9464 or [::1]:9464, or off");
}

/// <summary>One of a few words.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class OneOfAttribute(params string[] words) : ValidationAttribute
{
    public string[] Words { get; } = words;

    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext) =>
        value is string text && Words.Contains(text, StringComparer.Ordinal)
            ? null
            : Fault.Of(validationContext, $"\"{value}\" is not known: {string.Join(" or ", Words)}");
}

/// <summary>A whole number between two bounds, both allowed.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class WholeAttribute(int from, int to) : ValidationAttribute
{
    public int From { get; } = from;

    public int To { get; } = to;

    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext) =>
        value is int number && number >= From && number <= To
            ? null
            : Fault.Of(
                validationContext,
                string.Create(CultureInfo.InvariantCulture, $"{value} is out of range: a whole number, {From} to {To}"));
}

/// <summary>A time between two bounds, both allowed; a missing one is fine.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class DurationAttribute(string from, string to) : ValidationAttribute
{
    public string From { get; } = from;

    public string To { get; } = to;

    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext) =>
        value is not TimeSpan time || (time >= DurationText.Parse(From) && time <= DurationText.Parse(To))
            ? null
            : Fault.Of(validationContext, $"{DurationText.Format(time)} is out of range: a time from {From} to {To}");
}

internal static class Fault
{
    public static ValidationResult Of(ValidationContext context, string message) =>
        new(message, context.MemberName is { } name ? [name] : null);
}
