namespace Nstance.Temporal.TestServer.Schedules;

/// <summary>
/// A calendar in a time zone. Wall-clock times that a change of the clocks skips never come; those that it repeats come
/// twice, as on the real server.
/// </summary>
internal sealed class ZonedCalendar(CalendarFields fields, TimeZoneInfo zone)
{
    public bool Matches(DateTimeOffset time) => fields.Matches(Wall(time, zone.GetUtcOffset(time)));

    public DateTimeOffset? Next(DateTimeOffset after)
    {
        var offset = zone.GetUtcOffset(after);
        while (true)
        {
            if (fields.Next(Wall(after, offset)) is not { } wall)
            {
                return null;
            }

            // Right as long as the zone keeps its offset until then; else search again from the change.
            var time = new DateTimeOffset(wall, TimeSpan.Zero) - offset;
            if (Change(after, time, offset) is not { } change)
            {
                return time;
            }

            offset = zone.GetUtcOffset(change);
            after = change.AddSeconds(-1);
        }
    }

    private static DateTime Wall(DateTimeOffset time, TimeSpan offset) => (time.UtcDateTime + offset);

    /// <summary>The first second in (after, until] with another offset.</summary>
    private DateTimeOffset? Change(DateTimeOffset after, DateTimeOffset until, TimeSpan offset)
    {
        if (!zone.SupportsDaylightSavingTime && zone.GetAdjustmentRules().Length == 0)
        {
            return null;
        }

        // Day by day: no zone has changed its offset and changed it back within a day. The second that a change begins
        // is then found by halving. After a change the search begins at it: the old offset must not be compared again.
        for (var same = after; same < until;)
        {
            var next = same.AddDays(1) < until ? same.AddDays(1) : until;
            if (zone.GetUtcOffset(next) == offset)
            {
                same = next;
                continue;
            }

            var changed = next;
            while (changed - same > TimeSpan.FromSeconds(1))
            {
                var middle = same.AddSeconds(Math.Floor((changed - same).TotalSeconds / 2));
                if (zone.GetUtcOffset(middle) == offset)
                {
                    same = middle;
                }
                else
                {
                    changed = middle;
                }
            }

            return changed;
        }

        return null;
    }
}
