using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Nstance.Temporal.TestServer.Values;
using Temporalio.Api.Schedule.V1;

namespace Nstance.Temporal.TestServer.Schedules;

/// <summary>When a schedule acts: nominally, and with its jitter.</summary>
internal sealed record ScheduledTime(DateTimeOffset Nominal, DateTimeOffset Actual);

/// <summary>
/// A checked schedule spec that answers which time comes next. Times have whole seconds; jitter has milliseconds.
/// </summary>
internal sealed class CompiledSpec
{
    private readonly List<ZonedCalendar> _calendars;
    private readonly List<ZonedCalendar> _excluded;
    private readonly List<(long Seconds, long Phase)> _intervals;
    private readonly DateTimeOffset? _start;
    private readonly DateTimeOffset? _end;
    private readonly TimeSpan _jitter;

    /// <exception cref="InvalidInputException">The spec is invalid; the message names the fault.</exception>
    public CompiledSpec(ScheduleSpec spec)
    {
        Canonical = SpecCanonicalizer.Canonicalize(spec);
        var zone = Zone(Canonical);
        _calendars = [.. Canonical.StructuredCalendar.Select(c => new ZonedCalendar(new(c), zone))];
        _excluded = [.. Canonical.ExcludeStructuredCalendar.Select(c => new ZonedCalendar(new(c), zone))];
        _intervals = [.. Canonical.Interval.Select(
            i => (Math.Max(i.Interval.Seconds, 1), i.Phase?.Seconds ?? 0))];
        _start = Canonical.StartTime?.ToDateTimeOffset();
        _end = Canonical.EndTime?.ToDateTimeOffset();
        _jitter = Canonical.Jitter?.ToTimeSpan() ?? TimeSpan.Zero;
    }

    /// <summary>The spec with its texts parsed into calendars and intervals, as a description shows it.</summary>
    public ScheduleSpec Canonical { get; }

    /// <summary>The first time after <paramref name="after"/>, or null when the schedule acts no more.</summary>
    /// <param name="seed">The schedule's own: the same seed and time give the same jitter, always.</param>
    /// <param name="after">Exclusive; compared with the nominal time.</param>
    public ScheduledTime? Next(string seed, DateTimeOffset after)
    {
        if (_start is { } start && after < start)
        {
            after = start.AddSeconds(-1);
        }

        DateTimeOffset nominal;
        do
        {
            if (NextNominal(after) is not { } next || next > _end)
            {
                return null;
            }

            nominal = after = next;
        }
        while (_excluded.Exists(calendar => calendar.Matches(nominal)));

        // Jitter never reaches the next time: their order would change.
        var room = NextNominal(nominal) is { } following ? following - nominal : TimeSpan.MaxValue;
        return new(nominal, nominal + Jitter(seed, nominal, _jitter < room ? _jitter : room));
    }

    /// <summary>All times in (after, until], at most <paramref name="limit"/>.</summary>
    public IEnumerable<ScheduledTime> Between(string seed, DateTimeOffset after, DateTimeOffset until, int limit)
    {
        for (var next = Next(seed, after); next?.Actual <= until && limit-- > 0; next = Next(seed, next.Nominal))
        {
            yield return next;
        }
    }

    private static TimeZoneInfo Zone(ScheduleSpec spec)
    {
        if (!spec.TimezoneData.IsEmpty)
        {
            throw new InvalidInputException("timezone_data is not supported, name the time zone");
        }

        if (spec.TimezoneName is "" or "UTC" or "Etc/UTC")
        {
            return TimeZoneInfo.Utc;
        }

        return TimeZoneInfo.TryFindSystemTimeZoneById(spec.TimezoneName, out var zone)
            ? zone
            : throw new InvalidInputException($"unknown time zone {spec.TimezoneName}");
    }

    private DateTimeOffset? NextNominal(DateTimeOffset after)
    {
        DateTimeOffset? first = null;
        foreach (var calendar in _calendars)
        {
            if (calendar.Next(after) is { } time && !(first <= time))
            {
                first = time;
            }
        }

        foreach (var (seconds, phase) in _intervals)
        {
            var since = after.ToUnixTimeSeconds() - phase;
            var whole = Math.DivRem(since, seconds, out var rest);
            var time = DateTimeOffset.FromUnixTimeSeconds(((rest < 0 ? whole : whole + 1) * seconds) + phase);
            if (!(first <= time))
            {
                first = time;
            }
        }

        return first;
    }

    private static TimeSpan Jitter(string seed, DateTimeOffset nominal, TimeSpan max)
    {
        if (max <= TimeSpan.Zero)
        {
            return TimeSpan.Zero;
        }

        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{nominal.ToUnixTimeSeconds()} {seed}"));
        var part = BinaryPrimitives.ReadUInt32LittleEndian(hash) / (double)(1UL << 32);
        return TimeSpan.FromMilliseconds(Math.Floor(max.TotalMilliseconds * part));
    }
}
