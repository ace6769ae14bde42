using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Nstance.Temporal.Activities.Domain;

/// <summary>
/// Durations as Go's <c>time.ParseDuration</c> reads them and <c>Duration.String</c> writes them (<c>1h30m</c>,
/// <c>90s</c>, <c>500ms</c>), within Go's range of about 292 years. Digits below a tick (100 ns) are cut off.
/// </summary>
internal static class GoDuration
{
    public const string Rule = "a duration such as 500ms, 90s, 2m or 1h30m";

    private static readonly SearchValues<char> NumberCharacters = SearchValues.Create("0123456789.");

    public static bool TryParse([NotNullWhen(true)] string? text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        var rest = text.AsSpan();
        var isNegative = rest is ['-', ..];
        if (rest is ['-' or '+', ..]) rest = rest[1..];
        if (rest.IsEmpty) return false;
        if (rest is ['0']) return true;

        var total = 0m; // nanoseconds
        while (!rest.IsEmpty)
        {
            var number = Take(ref rest, rest.IndexOfAnyExcept(NumberCharacters));
            var unit = Nanoseconds(Take(ref rest, rest.IndexOfAny(NumberCharacters)));
            var isNumber = decimal.TryParse(
                number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count);
            if (!isNumber || unit == 0 || count > ((decimal)long.MaxValue / unit) + 1) return false;
            total += decimal.Truncate(count * unit);
            if (total > (isNegative ? -(decimal)long.MinValue : long.MaxValue)) return false;
        }

        duration = new TimeSpan((long)((isNegative ? -total : total) / 100));
        return true;
    }

    public static string Format(TimeSpan duration)
    {
        if (duration == TimeSpan.Zero) return "0s";
        var sign = duration < TimeSpan.Zero ? "-" : "";
        var ticks = Math.Abs((decimal)duration.Ticks);
        if (ticks < TimeSpan.TicksPerMillisecond) return sign + Text(ticks / TimeSpan.TicksPerMicrosecond) + "µs";
        if (ticks < TimeSpan.TicksPerSecond) return sign + Text(ticks / TimeSpan.TicksPerMillisecond) + "ms";
        var hours = decimal.Truncate(ticks / TimeSpan.TicksPerHour);
        var minutes = decimal.Truncate(ticks / TimeSpan.TicksPerMinute);
        var seconds = Text(ticks % TimeSpan.TicksPerMinute / TimeSpan.TicksPerSecond);
        return hours > 0 ? $"{sign}{hours}h{minutes % 60}m{seconds}s"
            : minutes > 0 ? $"{sign}{minutes}m{seconds}s" : $"{sign}{seconds}s";
    }

    private static string Text(decimal number) => number.ToString("0.#######", CultureInfo.InvariantCulture);

    /// <summary>Takes the characters before <paramref name="end"/>, or all of them when that is negative.</summary>
    private static ReadOnlySpan<char> Take(ref ReadOnlySpan<char> rest, int end)
    {
        var taken = end < 0 ? rest : rest[..end];
        rest = rest[taken.Length..];
        return taken;
    }

    private static long Nanoseconds(ReadOnlySpan<char> unit) => unit switch
    {
        "ns" => 1,
        "us" or "µs" or "μs" => 1_000, // the micro sign, and the Greek letter
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => 0,
    };
}
