using System.Globalization;
using Nstance.Temporal.Activities.Domain;

namespace Nstance.Temporal.Worker.Options;

/// <summary>Times as people write them: Go's form, as in <c>config.jsonc</c>, or .NET's <c>hh:mm:ss</c>.</summary>
internal static class DurationText
{
    public const string Allowed = "a time such as 90s, 2m, 1h30m, 500ms or 00:01:30";

    public static TimeSpan Parse(string text) =>
        TryParse(text, out var time) ? time : throw new FormatException($"\"{text}\" is not {Allowed}");

    /// <summary>A number without a unit is refused, as in Go. Zero needs no unit.</summary>
    public static bool TryParse(string text, out TimeSpan time) => text.Contains(':')
        ? TimeSpan.TryParseExact(text, [@"h\:mm\:ss", @"d\.hh\:mm\:ss"], CultureInfo.InvariantCulture, out time)
        : GoDuration.TryParse(text, out time);

    /// <summary>Go's form, without its zero units at the end: <c>2m</c>, not <c>2m0s</c>.</summary>
    public static string Format(TimeSpan time)
    {
        var text = GoDuration.Format(time);
        text = text.EndsWith("m0s", StringComparison.Ordinal) ? text[..^2] : text;
        return text.EndsWith("h0m", StringComparison.Ordinal) ? text[..^2] : text;
    }
}
