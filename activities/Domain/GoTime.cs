using System.Buffers;
using System.Globalization;

namespace Nstance.Temporal.Activities.Domain;

/// <summary>
/// Times as nstance's database and records hold them. Go's driver writes <c>2026-11-23 17:21:05.123456789+00:00</c>
/// with 0 to 9 digits, SQL defaults write <c>2026-11-23 17:21:05</c>, records hold RFC 3339. Another Go driver writes
/// <c>2026-11-23 16:00:00.123456789 +0000 UTC</c>, also with <c>m=+0.5</c> or ten digits. Digits below a tick (100 ns)
/// are cut off.
/// <para>
/// The UTC texts sort as the times do, since ' ' &lt; '+' &lt; '.' &lt; digits; only the two spellings of one whole
/// second differ (bare &lt; "+00:00"). So SQL compares whole seconds (<see cref="TextAfterSecondOf"/>,
/// <see cref="TextOfSecond"/>), which may select too much, and C# compares the exact time. nstance writes only UTC;
/// SQL selects every row with a time in another offset or form, and C# compares it.
/// </para>
/// </summary>
internal static class GoTime
{
    private const string WholeSecond = "yyyy-MM-dd HH:mm:ss";
    private const int MaxDigits = 10;

    private static readonly string[] Starts = [WholeSecond, "yyyy-MM-ddTHH:mm:ss"];

    private static readonly SearchValues<char> ZoneName = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-");

    public static string Format(DateTimeOffset time) =>
        time.UtcDateTime.ToString(WholeSecond + ".FFFFFFF", CultureInfo.InvariantCulture) + "+00:00";

    /// <summary>Greater than each text of a time before <paramref name="time"/>, by at most a second.</summary>
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

    public static bool TryParse(string? text, out DateTimeOffset time) => TryParse(text.AsSpan(), out time);

    public static bool TryParse(ReadOnlySpan<char> text, out DateTimeOffset time)
    {
        time = default;
        if (text.Length < WholeSecond.Length) return false;
        var rest = text[WholeSecond.Length..];
        if (!DateTime.TryParseExact(
                text[..WholeSecond.Length], Starts, CultureInfo.InvariantCulture, DateTimeStyles.None, out var start)
            || !TakeFraction(ref rest, out var fraction) || !TryOffset(rest, out var offset)) return false;

        // The offset may lead beyond the times that a DateTimeOffset holds.
        var utc = start.Ticks + fraction.Ticks - offset.Ticks;
        if (utc < 0 || utc > DateTime.MaxValue.Ticks) return false;
        time = new DateTimeOffset(utc, TimeSpan.Zero);
        return true;
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
        var isNamed = rest is [' ', ('+' or '-'), _, _, _, _, ' ', _, ..];
        if (!isNamed && rest is not [('+' or '-'), _, _, ':', _, _]) return false;
        var digits = isNamed ? rest[2..6] : rest[1..];
        var format = isNamed ? "hhmm" : @"hh\:mm";
        if (!TimeSpan.TryParseExact(digits, format, CultureInfo.InvariantCulture, out offset)) return false;
        if (rest[isNamed ? 1 : 0] == '-') offset = -offset;
        return !isNamed || IsZone(rest[7..]);
    }

    /// <summary>As Go's <c>Time.String()</c> writes it: <c>UTC</c>, with or without <c> m=±seconds</c>.</summary>
    private static bool IsZone(ReadOnlySpan<char> name)
    {
        var clock = name.IndexOf(" m=");
        if (clock >= 0)
        {
            var seconds = name[(clock + 3)..];
            if (!double.TryParse(seconds, NumberStyles.Float, CultureInfo.InvariantCulture, out _)) return false;
            name = name[..clock];
        }

        return name.Length > 0 && !name.ContainsAnyExcept(ZoneName);
    }
}
