using System.Buffers;
using System.Globalization;
using System.Text;

namespace Nstance.Temporal.Activities.Domain;

/// <summary>
/// Times as nstance's database and records hold them: Go's driver writes <c>2026-11-23 17:21:05.123456789+00:00</c> with
/// 0 to 9 digits, SQL defaults write <c>2026-11-23 17:21:05</c>, records hold RFC 3339. Another Go driver writes
/// <c>2026-11-23 16:00:00.123456789 +0000 UTC</c>, also with <c>m=+0.5</c> or ten digits. A tick is 100 ns: finer digits
/// are cut off.
/// <para>
/// As texts the UTC forms sort as the times do, since ' ' &lt; '+' &lt; '.' &lt; digits; only the two spellings of the
/// same whole second differ (bare &lt; "+00:00"). So a text bound is never compared at less than a whole second: SQL
/// compares with <see cref="TextAfterSecondOf"/> or <see cref="TextOfSecond"/>, which can only take in too much, and the
/// exact time is compared in C#. Times written with an offset other than UTC (nstance writes none) are compared exactly
/// too, but one from east of UTC is found that many hours later: late, never early.
/// </para>
/// </summary>
internal static class GoTime
{
    private const string WholeSecond = "yyyy-MM-dd HH:mm:ss";
    private static readonly SearchValues<char> ZoneName = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-");

    private const int MaxDigits = 10;
    private const int MaxLength = 80; // with ten digits, an offset, its name and a monotonic clock

    public static string Format(DateTimeOffset time)
    {
        var utc = time.UtcDateTime;
        var fraction = utc.Ticks % TimeSpan.TicksPerSecond;
        Span<char> text = stackalloc char[WholeSecond.Length];
        Digits(text[..4], utc.Year);
        Digits(text[5..7], utc.Month);
        Digits(text[8..10], utc.Day);
        Digits(text[11..13], utc.Hour);
        Digits(text[14..16], utc.Minute);
        Digits(text[17..], utc.Second);
        (text[4], text[7], text[10], text[13], text[16]) = ('-', '-', ' ', ':', ':');
        return fraction == 0 ? $"{text}+00:00" : $"{text}.{fraction.ToString("D7", CultureInfo.InvariantCulture).TrimEnd('0')}+00:00";
    }

    /// <summary>Greater than every text of a time before <paramref name="time"/>, and at most a second too great.</summary>
    public static string TextAfterSecondOf(DateTimeOffset time)
    {
        var second = new DateTime(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerSecond), DateTimeKind.Utc);
        return second > DateTime.MaxValue.AddSeconds(-1)
            ? "9999-12-31 23:59:60"
            : second.AddSeconds(1).ToString(WholeSecond, CultureInfo.InvariantCulture);
    }

    /// <summary>Not greater than any text of a time from <paramref name="time"/> on.</summary>
    public static string TextOfSecond(DateTimeOffset time) =>
        time.UtcDateTime.ToString(WholeSecond, CultureInfo.InvariantCulture);

    public static bool TryParse(ReadOnlySpan<byte> utf8, out DateTimeOffset time)
    {
        Span<char> text = stackalloc char[MaxLength];
        time = default;
        return utf8.Length <= MaxLength
            && Ascii.ToUtf16(utf8, text, out var length) == OperationStatus.Done && TryParse(text[..length], out time);
    }

    public static bool TryParse(string? text, out DateTimeOffset time) => TryParse(text.AsSpan(), out time);

    public static bool TryParse(ReadOnlySpan<char> text, out DateTimeOffset time)
    {
        time = default;
        if (text.Length < WholeSecond.Length || text[10] is not (' ' or 'T')) return false;
        if (text[4] != '-' || text[7] != '-' || text[13] != ':' || text[16] != ':') return false;
        var (year, month, day) = (Number(text, 0, 4), Number(text, 5, 2), Number(text, 8, 2));
        var (hour, minute, second) = (Number(text, 11, 2), Number(text, 14, 2), Number(text, 17, 2));
        if (year < 1 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month)) return false;
        if (hour is < 0 or > 23 || minute is < 0 or > 59 || second is < 0 or > 59) return false;
        var (date, clock) = (new DateTime(year, month, day), new TimeSpan(hour, minute, second));

        var rest = text[WholeSecond.Length..];
        if (!TakeFraction(ref rest, out var fraction) || !TryOffset(rest, out var offset)) return false;

        // A time at the edge of what a DateTimeOffset holds is no time nstance wrote.
        var local = date + clock + fraction;
        var utc = local.Ticks - offset.Ticks;
        if (utc < 0 || utc > DateTime.MaxValue.Ticks) return false;
        time = new DateTimeOffset(utc, TimeSpan.Zero);
        return true;
    }

    private static void Digits(Span<char> place, int number)
    {
        for (var i = place.Length - 1; i >= 0; i--, number /= 10) place[i] = (char)('0' + (number % 10));
    }

    /// <summary>Negative: not all of them are digits.</summary>
    private static int Number(ReadOnlySpan<char> text, int start, int length)
    {
        var number = 0;
        foreach (var c in text.Slice(start, length))
        {
            if (!char.IsAsciiDigit(c)) return -1;
            number = (number * 10) + (c - '0');
        }

        return number;
    }

    private static bool TakeFraction(ref ReadOnlySpan<char> rest, out TimeSpan fraction)
    {
        fraction = TimeSpan.Zero;
        if (rest is not ['.', ..]) return true;
        var digits = rest[1..].IndexOfAnyExceptInRange('0', '9');
        if (digits < 0) digits = rest.Length - 1;
        if (digits is 0 or > MaxDigits) return false;
        long ticks = 0;
        for (var i = 0; i < 7; i++) ticks = (ticks * 10) + (i < digits ? rest[1 + i] - '0' : 0);
        fraction = new TimeSpan(ticks);
        rest = rest[(1 + digits)..];
        return true;
    }

    private static bool TryOffset(ReadOnlySpan<char> rest, out TimeSpan offset)
    {
        offset = TimeSpan.Zero;
        if (rest is [] or ['Z'] or "+00:00") return true;
        if (rest is [' ', ..]) return TryNamedOffset(rest[1..], out offset);
        if (rest is not [('+' or '-'), _, _, ':', _, _]) return false;
        if (!TimeSpan.TryParseExact(rest[1..], @"hh\:mm", CultureInfo.InvariantCulture, out offset)) return false;
        if (rest[0] == '-') offset = -offset;
        return true;
    }

    /// <summary>As Go's <c>Time.String()</c> writes it: <c>+0000 UTC</c>, with <c>m=±seconds</c> behind it or not.</summary>
    private static bool TryNamedOffset(ReadOnlySpan<char> rest, out TimeSpan offset)
    {
        offset = TimeSpan.Zero;
        if (rest is not [('+' or '-') and var sign, _, _, _, _, ' ', _, ..]) return false;
        if (!TimeSpan.TryParseExact(rest[1..5], "hhmm", CultureInfo.InvariantCulture, out offset)) return false;
        if (sign == '-') offset = -offset;
        var name = rest[6..];
        var clock = name.IndexOf(" m=");
        if (clock >= 0)
        {
            if (!double.TryParse(name[(clock + 3)..], NumberStyles.Float, CultureInfo.InvariantCulture, out _)) return false;
            name = name[..clock];
        }

        return name.Length > 0 && !name.ContainsAnyExcept(ZoneName);
    }
}
