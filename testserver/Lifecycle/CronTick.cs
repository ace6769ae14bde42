using Cronos;
using Nstance.Temporal.TestServer.Binding;

namespace Nstance.Temporal.TestServer.Lifecycle;

/// <summary>
/// When a cron workflow runs next: five fields, `@daily` and its kin, `@every`, and a leading `CRON_TZ=`.
/// </summary>
internal static class CronTick
{
    private const string Every = "@every ";

    public static void Validate(string spec)
    {
        try
        {
            Delay(spec, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch);
        }
        catch (Exception fault) when (fault is FormatException or TimeZoneNotFoundException or ArgumentException)
        {
            throw Fault.InvalidArgument($"Invalid CronSchedule: {spec}: {fault.Message}");
        }
    }

    /// <summary>Time until the next tick, in whole seconds.</summary>
    /// <param name="spec">The cron string.</param>
    /// <param name="now">Where the time counts from.</param>
    /// <param name="last">When the run that ends was to be carried out; ticks are counted from it.</param>
    public static TimeSpan Delay(string spec, DateTimeOffset now, DateTimeOffset last)
    {
        var next = now < last ? last : Next(spec, now, last);
        return TimeSpan.FromSeconds(Math.Ceiling((next - now).TotalSeconds));
    }

    private static DateTimeOffset Next(string spec, DateTimeOffset now, DateTimeOffset last)
    {
        if (spec.StartsWith(Every, StringComparison.Ordinal))
        {
            // As the real server's library has it: whole seconds, and ticks stand on whole seconds.
            var step = Math.Max(1, (long)GoDuration(spec[Every.Length..]).TotalSeconds);
            var missed = Math.Max(0, (long)Math.Ceiling((now - Second(last)).TotalSeconds / step) - 1);
            return Second(last).AddSeconds((missed + 1) * step);
        }
        var zone = TimeZoneInfo.Utc;
        foreach (var prefix in new[] { "CRON_TZ=", "TZ=" })
        {
            if (!spec.StartsWith(prefix, StringComparison.Ordinal))
                continue;
            var space = spec.IndexOf(' ');
            zone = TimeZoneInfo.FindSystemTimeZoneById(spec[prefix.Length..space]);
            spec = spec[(space + 1)..];
        }
        // A tick at this very moment counts unless it is the one that the run which ends was for.
        return CronExpression.Parse(spec).GetNextOccurrence(now, zone, inclusive: last < now)
            ?? throw new FormatException("it never comes");
    }

    private static DateTimeOffset Second(DateTimeOffset time) =>
        DateTimeOffset.FromUnixTimeSeconds(time.ToUnixTimeSeconds());

    private static TimeSpan GoDuration(string text)
    {
        var total = TimeSpan.Zero;
        var number = "";
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsAsciiDigit(text[i]) || text[i] == '.')
            {
                number += text[i];
                continue;
            }
            var milliseconds = text[i] == 'm' && i + 1 < text.Length && text[i + 1] == 's';
            var value = double.Parse(number);
            total += milliseconds ? TimeSpan.FromMilliseconds(value) : text[i] switch
            {
                'h' => TimeSpan.FromHours(value),
                'm' => TimeSpan.FromMinutes(value),
                's' => TimeSpan.FromSeconds(value),
                _ => throw new FormatException("unknown unit " + text[i]),
            };
            i += milliseconds ? 1 : 0;
            number = "";
        }
        return total > TimeSpan.Zero && number.Length == 0
            ? total
            : throw new FormatException("not a duration: " + text);
    }
}
