using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Runs;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.Schedule.V1;

namespace Nstance.Temporal.TestServer.Schedules;

/// <summary>
/// Makes schedules act: works off the spec as time goes on, and the buffer as runs close. Needs the engine's lock.
/// </summary>
internal sealed class ScheduleEngine
{
    private const int MaxBuffer = 1_000;

    private readonly ServerEngine _engine;
    private readonly ScheduleStarter _starter;

    public ScheduleEngine(ServerEngine engine)
    {
        _engine = engine;
        Store = new(engine);
        _starter = new(engine);
        engine.Runs.Closed += OnClosed;
    }

    public ScheduleStore Store { get; }

    public void Patch(ScheduleEntry entry, SchedulePatch patch)
    {
        var now = _engine.Clock.Now;
        // Up to now the old state counts: what a pause covered is not caught up by its end.
        WorkOff(entry);
        if (patch.TriggerImmediately is { } trigger)
        {
            var nominal = trigger.ScheduledTime?.ToDateTimeOffset() ?? now;
            AddStart(entry, new(nominal, now, trigger.OverlapPolicy, IsManual: true));
        }

        foreach (var backfill in patch.BackfillRequest)
        {
            // Both ends belong to a backfill.
            entry.Backfills.Enqueue(new(
                backfill.StartTime.ToDateTimeOffset().AddMilliseconds(-1),
                backfill.EndTime.ToDateTimeOffset(),
                backfill.OverlapPolicy));
        }

        if (patch.Pause.Length > 0)
            SetPaused(entry, true, patch.Pause);
        if (patch.Unpause.Length > 0)
            SetPaused(entry, false, patch.Unpause);
        Process(entry);
    }

    public void Update(ScheduleEntry entry, Schedule schedule, CompiledSpec spec)
    {
        // What was due under the old spec is decided under the old spec.
        WorkOff(entry);
        entry.Schedule = schedule;
        entry.Spec = spec;
        entry.UpdateTime = _engine.Clock.Now;
        // Not further back than jitter may have carried a time: a spec of seconds must not work off a year.
        var earliest = _engine.Clock.Now - (schedule.Spec.Jitter?.ToTimeSpan() ?? TimeSpan.Zero);
        entry.Cursor = earliest > entry.Cursor ? earliest : entry.Cursor;
        entry.Touch();
        Process(entry);
    }

    public void Delete(ScheduleEntry entry)
    {
        entry.IsDeleted = true;
        entry.Alarm?.Cancel();
        Store.Remove(entry);
    }

    /// <summary>Takes what is due, decides the buffer, and sets the alarm for the next time.</summary>
    public void Process(ScheduleEntry entry)
    {
        if (entry.IsDeleted)
            return;
        if (!_engine.Namespaces.Exists(entry.Namespace))
        {
            Delete(entry);
            return;
        }

        WorkOff(entry);
        do
        {
            FillFromBackfills(entry);
            DecideBuffer(entry);
        }
        while (entry.Backfills.Count > 0 && entry.Buffer.Count < MaxBuffer / 2);
        entry.Alarm?.Cancel();
        // None while paused or used up: time must not jump for a schedule that will do nothing.
        entry.Alarm = entry.MayAct && entry.Spec.Next(entry.Seed, entry.Cursor) is { } next
            ? _engine.Clock.Add(next.Actual, () => Process(entry))
            : null;
    }

    private static void SetPaused(ScheduleEntry entry, bool paused, string notes)
    {
        entry.Schedule.State.Paused = paused;
        entry.Schedule.State.Notes = notes;
        entry.Touch();
    }

    private static void AddStart(ScheduleEntry entry, BufferedStart start)
    {
        if (entry.Buffer.Count < MaxBuffer)
            entry.Buffer.Add(start);
        else
            entry.BufferDropped++;
    }

    private void WorkOff(ScheduleEntry entry)
    {
        var now = _engine.Clock.Now;
        if (!entry.MayAct)
        {
            // Time spent paused is neither caught up later nor counted as missed.
            entry.Cursor = now > entry.Cursor ? now : entry.Cursor;
            return;
        }

        var catchup = entry.Schedule.Policies.CatchupWindow.ToTimeSpan();
        while (entry.Spec.Next(entry.Seed, entry.Cursor) is { } next && next.Actual <= now)
        {
            entry.Cursor = next.Nominal;
            if (next.Actual < entry.UpdateTime)
                continue;
            if (now - next.Actual > catchup)
                entry.MissedCatchup++;
            else
                AddStart(entry, new(next.Nominal, next.Actual, ScheduleOverlapPolicy.Unspecified, IsManual: false));
        }
    }

    private static void FillFromBackfills(ScheduleEntry entry)
    {
        while (entry.Buffer.Count < MaxBuffer / 2 && entry.Backfills.TryPeek(out var backfill))
        {
            var room = (MaxBuffer / 2) - entry.Buffer.Count;
            var times = entry.Spec.Between(entry.Seed, backfill.After, backfill.Until, room).ToList();
            foreach (var time in times)
                AddStart(entry, new(time.Nominal, time.Actual, backfill.Policy, IsManual: true));
            entry.Backfills.Dequeue();
            if (times.Count == room)
            {
                // Goes on at the same place of the queue, so that backfills keep their order.
                var others = entry.Backfills.ToList();
                entry.Backfills.Clear();
                entry.Backfills.Enqueue(backfill with { After = times[^1].Nominal });
                others.ForEach(entry.Backfills.Enqueue);
            }
        }
    }

    private void DecideBuffer(ScheduleEntry entry)
    {
        while (entry.Buffer.Count > 0)
        {
            var decision = OverlapDecision.Of(entry.Buffer, entry.Running != null, policy =>
                policy == ScheduleOverlapPolicy.Unspecified ? entry.Schedule.Policies.OverlapPolicy : policy);
            entry.Buffer = decision.Kept;
            entry.OverlapSkipped += decision.Skipped;
            foreach (var start in decision.Overlapping.Where(start => Take(entry, start)))
                _starter.Start(entry, start, overlaps: true);
            if (decision.Single is { } single && Take(entry, single))
                _starter.Start(entry, single, overlaps: false);
            if (entry.Running is { } running && (decision.Cancels || decision.Terminates))
                End(entry, running, decision.Terminates);
            // A start that failed leaves nothing running: what is buffered behind it must not wait for a close.
            if (entry.Running != null || decision.Single == null)
                break;
        }
    }

    /// <summary>Whether the start may happen; counts it against the remaining actions.</summary>
    private static bool Take(ScheduleEntry entry, BufferedStart start)
    {
        if (start.IsManual)
            return true;
        if (!entry.MayAct)
            return false;
        if (entry.Schedule.State.LimitedActions)
        {
            entry.Schedule.State.RemainingActions--;
            entry.Touch();
        }

        return true;
    }

    private void End(ScheduleEntry entry, WorkflowRun running, bool terminates)
    {
        var identity = $"temporal-scheduler-{entry.Namespace}-{entry.Id}";
        if (terminates)
            _engine.Lifecycle.Terminate(running, "terminated by schedule overlap policy", null, identity);
        else
            _engine.Lifecycle.RequestCancel(running, "cancelled by schedule overlap policy", identity);
    }

    private void OnClosed(WorkflowRun run)
    {
        foreach (var entry in ScheduleOutcome.Apply(_engine, _starter, run))
            _engine.Defer(() => Process(entry));
    }
}
