using Cronos;
using Nstance.Temporal.TestServer.Binding;

namespace Nstance.Temporal.TestServer.Lifecycle;

/// <summary>When a cron workflow runs next: five fields, `@daily` and its kin, `@every`, and a leading `CRON_TZ=`.</summary>
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

    public static TimeSpan Delay(string spec, DateTimeOffset now, DateTimeOffset start)
    {
        if (spec.StartsWith(Every, StringComparison.Ordinal))
        {
            var step = GoDuration(spec[Every.Length..]);
            var passed = (now - start).Ticks % step.Ticks;
            return step - TimeSpan.FromTicks(passed);
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
        var next = CronExpression.Parse(spec).GetNextOccurrence(now, zone) ?? throw new FormatException("it never comes");
        return next - now;
    }

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
        return total > TimeSpan.Zero && number.Length == 0 ? total : throw new FormatException("not a duration: " + text);
    }
}
