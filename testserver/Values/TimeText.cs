using System.Globalization;

namespace Nstance.Temporal.TestServer.Values;

/// <summary>RFC 3339 times: a date alone, or without a zone, is not one.</summary>
internal static class TimeText
{
    private static readonly string[] Formats =
    [
        "yyyy-MM-dd'T'HH:mm:ssK",
        "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK",
    ];

    public static bool TryParse(string text, out DateTimeOffset time)
    {
        time = default;
        var zoned = text.EndsWith('Z') || text.Length > 19 && text.LastIndexOfAny(['+', '-']) >= 19;
        return zoned
            && DateTimeOffset.TryParseExact(
                TrimNanoseconds(text), Formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);
    }

    // Go writes up to nine digits of a second; a tick is the seventh.
    private static string TrimNanoseconds(string text)
    {
        const int FractionStart = 20;
        if (text.Length <= FractionStart || text[FractionStart - 1] != '.')
        {
            return text;
        }

        var end = FractionStart;
        while (end < text.Length && char.IsAsciiDigit(text[end]))
        {
            end++;
        }

        return end - FractionStart is 8 or 9
            ? string.Concat(text.AsSpan(0, FractionStart + 7), text.AsSpan(end))
            : text;
    }
}
