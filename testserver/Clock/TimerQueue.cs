namespace Nstance.Temporal.TestServer.Clock;

/// <summary>
/// A call to make at a time; cancelling is cheap, the queue forgets cancelled entries when they pile up.
/// </summary>
internal sealed class Alarm(DateTimeOffset due, Action ring)
{
    public DateTimeOffset Due { get; } = due;

    public Action? Ring { get; set; } = ring;

    public TimerQueue? Owner { get; set; }

    public void Cancel()
    {
        if (Ring == null)
            return;
        Ring = null;
        Owner?.Forgotten();
    }
}

/// <summary>Alarms in order of time, first come first served among equals. Used under the engine's lock only.</summary>
internal sealed class TimerQueue
{
    private const int Worthwhile = 1_024;

    private readonly PriorityQueue<Alarm, (long Ticks, long Sequence)> _alarms = new();
    private long _sequence;
    private int _cancelled;

    public Alarm Add(DateTimeOffset due, Action ring)
    {
        var alarm = new Alarm(due, ring) { Owner = this };
        _alarms.Enqueue(alarm, (due.UtcTicks, _sequence++));
        return alarm;
    }

    public DateTimeOffset? NextDue()
    {
        while (_alarms.TryPeek(out var alarm, out _))
        {
            if (alarm.Ring != null)
                return alarm.Due;
            _alarms.Dequeue();
            _cancelled--;
        }
        return null;
    }

    /// <summary>Takes the first alarm if it is due at <paramref name="now"/>.</summary>
    public Action? TakeDue(DateTimeOffset now)
    {
        if (NextDue() is not { } due || due > now)
            return null;
        var alarm = _alarms.Dequeue();
        var ring = alarm.Ring;
        alarm.Ring = null;
        return ring;
    }

    public void Forgotten()
    {
        _cancelled++;
        if (_cancelled < Worthwhile || _cancelled * 2 < _alarms.Count)
            return;
        var kept = _alarms.UnorderedItems.Where(item => item.Element.Ring != null).ToArray();
        _alarms.Clear();
        _alarms.EnqueueRange(kept);
        _cancelled = 0;
    }
}
