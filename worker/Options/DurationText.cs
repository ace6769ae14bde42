using System.Buffers;
using System.Globalization;
using System.Text;

namespace Nstance.Temporal.Worker;

/// <summary>Times as people write them: Go's form, as in <c>config.jsonc</c>, or .NET's <c>hh:mm:ss</c>.</summary>
internal static class DurationText
{
    public const string Allowed = "a time such as 90s, 2m, 1h30m, 500ms or 00:01:30";

    /// <summary>Longer units first: "ms" must not be read as minutes.</summary>
    private static readonly (string Name, decimal Ticks)[] Units =
    [
        ("ms", TimeSpan.TicksPerMillisecond),
        ("us", TimeSpan.TicksPerMicrosecond),
        ("h", TimeSpan.TicksPerHour),
        ("m", TimeSpan.TicksPerMinute),
        ("s", TimeSpan.TicksPerSecond),
    ];

    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789.");

    public static TimeSpan Parse(string text) =>
        TryParse(text, out var time) ? time : throw new FormatException($"\"{text}\" is not {Allowed}");

    /// <summary>A bare number is refused, as in Go: nobody can tell its unit. Zero needs none.</summary>
    public static bool TryParse(string text, out TimeSpan time)
    {
        time = TimeSpan.Zero;
        if (text == "0")
        {
            return true;
        }

        if (text.Contains(':'))
        {
            return TimeSpan.TryParseExact(text, ["c", @"h\:mm\:ss", @"hh\:mm"], CultureInfo.InvariantCulture, out time);
        }

        var rest = text.AsSpan();
        var negative = rest.StartsWith("-");
        rest = negative ? rest[1..] : rest;
        var ticks = 0m;
        do
        {
            var digits = rest.IndexOfAnyExcept(Digits);
            if (digits <= 0
                || !decimal.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            {
                return false;
            }

            rest = rest[digits..];
            var found = false;
            foreach (var (name, unit) in Units)
            {
                if (rest.StartsWith(name))
                {
                    // Far beyond any setting's range, and far from overflow.
                    if (number > 1_000_000_000)
                    {
                        return false;
                    }

                    ticks += number * unit;
                    rest = rest[name.Length..];
                    found = true;
                    break;
                }
            }

            if (!found)
            {
                return false;
            }
        }
        while (!rest.IsEmpty);

        if (ticks > TimeSpan.MaxValue.Ticks)
        {
            return false;
        }

        time = TimeSpan.FromTicks((long)(negative ? -ticks : ticks));
        return true;
    }

    /// <summary>Go's form, without Go's zero units: <c>2m</c>, not <c>2m0s</c>.</summary>
    public static string Format(TimeSpan time)
    {
        if (time == TimeSpan.Zero)
        {
            return "0s";
        }

        var text = new StringBuilder(time < TimeSpan.Zero ? "-" : "");
        time = time.Duration();
        var hours = (long)time.TotalHours;
        text.Append(hours > 0 ? $"{hours}h" : "").Append(time.Minutes > 0 ? $"{time.Minutes}m" : "");
        var seconds = time.Ticks % TimeSpan.TicksPerMinute / (decimal)TimeSpan.TicksPerSecond;
        if (seconds is > 0 and < 1 && text.Length == 0)
        {
            return text.Append($"{seconds * 1000:0.####}ms").ToString();
        }

        return text.Append(seconds > 0 ? $"{seconds:0.#######}s" : "").ToString();
    }
}
