using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Nstance.Temporal.Activities.Domain;

/// <summary>
/// Durations as Go's <c>time.ParseDuration</c> reads them and <c>Duration.String</c> writes them (<c>1h30m</c>, <c>90s</c>,
/// <c>500ms</c>): within Go's range of about 292 years. A tick is 100 ns: finer digits are cut off.
/// </summary>
internal static class GoDuration
{
    public const string Rule = "a duration such as 500ms, 90s, 2m or 1h30m";

    private static readonly SearchValues<char> NumberCharacters = SearchValues.Create("0123456789.");

    public static bool TryParse([NotNullWhen(true)] string? text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        var rest = text.AsSpan();
        var negative = rest is ['-', ..];
        if (rest is ['-' or '+', ..]) rest = rest[1..];
        if (rest.IsEmpty) return false;
        if (rest is ['0']) return true;

        Int128 total = 0;
        while (!rest.IsEmpty)
        {
            if (!TakeNumber(ref rest, out var whole, out var fraction, out var scale)) return false;
            if (!TakeUnit(ref rest, out var unit)) return false;
            total += (whole * unit) + (fraction * unit / scale);
            if (total > (negative ? (Int128)long.MaxValue + 1 : long.MaxValue)) return false;
        }

        duration = new TimeSpan((long)((negative ? -total : total) / 100));
        return true;
    }

    public static string Format(TimeSpan duration)
    {
        if (duration == TimeSpan.Zero) return "0s";
        var ticks = (UInt128)Int128.Abs(duration.Ticks);
        var sign = duration < TimeSpan.Zero ? "-" : "";
        if (ticks < TimeSpan.TicksPerMillisecond) return $"{sign}{Decimal(ticks, 10)}µs";
        if (ticks < TimeSpan.TicksPerSecond) return $"{sign}{Decimal(ticks, TimeSpan.TicksPerMillisecond)}ms";

        var text = new StringBuilder(sign);
        var (hours, minutes) = (ticks / TimeSpan.TicksPerHour, ticks / TimeSpan.TicksPerMinute % 60);
        if (hours > 0) text.Append(CultureInfo.InvariantCulture, $"{hours}h");
        if (hours > 0 || minutes > 0) text.Append(CultureInfo.InvariantCulture, $"{minutes}m");
        return text.Append(Decimal(ticks % TimeSpan.TicksPerMinute, TimeSpan.TicksPerSecond)).Append('s').ToString();
    }

    private static string Decimal(UInt128 ticks, long unit) =>
        ((decimal)ticks / unit).ToString("0.#######", CultureInfo.InvariantCulture);

    private static bool TakeNumber(
        ref ReadOnlySpan<char> rest, out Int128 whole, out Int128 fraction, out Int128 scale)
    {
        (whole, fraction, scale) = (0, 0, 1);
        var digits = 0;
        for (; rest is [>= '0' and <= '9', ..]; rest = rest[1..], digits++)
        {
            whole = (whole * 10) + (rest[0] - '0');
            if (whole > (Int128)long.MaxValue + 1) return false;
        }

        if (rest is not ['.', ..]) return digits > 0;
        for (rest = rest[1..]; rest is [>= '0' and <= '9', ..]; rest = rest[1..], digits++)
        {
            // No unit is longer than 3.6e12 ns: digits beyond the 18th are below a tick.
            if (scale >= 1_000_000_000_000_000_000) continue;
            fraction = (fraction * 10) + (rest[0] - '0');
            scale *= 10;
        }

        return digits > 0;
    }

    private static bool TakeUnit(ref ReadOnlySpan<char> rest, out long nanoseconds)
    {
        var end = rest.IndexOfAny(NumberCharacters);
        var unit = end < 0 ? rest : rest[..end];
        rest = rest[unit.Length..];
        nanoseconds = unit switch
        {
            "ns" => 1,
            "us" or "µs" or "μs" => 1_000, // the micro sign, and the Greek letter
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => 0,
        };
        return nanoseconds > 0;
    }
}
