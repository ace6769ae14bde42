using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Worker.Output;

/// <summary>A collector's status for people.</summary>
internal static class StatusText
{
    public static void Write(Screen screen, GcStatus status, DateTimeOffset now, bool wide)
    {
        Columns.WritePairs(screen, [.. Rows(status, now)]);
        if (status.LastReport is not { } report) return;
        screen.Line();
        ReportText.Write(screen, report, wide);
    }

    /// <summary>What a worker said last, and what the server knows without one.</summary>
    public static void Write(Screen screen, StatusWithoutWorker status, bool wide)
    {
        Columns.WritePairs(screen,
        [
            ("shard", $"{status.Cluster}/{status.Shard}"),
            ("state", new(status.State, Tone.Warning)),
            ("plan", status.PendingApproval ? "one waits for approval" : "none waits for approval"),
            ("worker", new(status.Worker, Tone.Bad)),
        ]);
        screen.Line();
        if (status.LastReport is { } report) ReportText.Write(screen, report, wide);
        else screen.Line("no cycle has ended in this run of the collector");
    }

    private static IEnumerable<(string Name, Cell Value)> Rows(GcStatus status, DateTimeOffset now)
    {
        var shard = status.Shard;
        yield return ("shard", $"{shard.Cluster}/{shard.Shard} in bucket {shard.Bucket}");
        yield return ("state", Word.State(status.State));
        yield return ("mode", Mode(status));
        if (status.Pause is { } pause) yield return ("paused", Cell.Warning(Pause(pause)));
        foreach (var part in status.PartialPauses)
        {
            var sweep = part.Sweep is { } one ? Setting.Kebab($"{one}") : "every sweep";
            yield return ("paused in part", Cell.Warning($"{part.Group ?? "every group"}, {sweep}: {Pause(part)}"));
        }

        foreach (var (guard, why, from) in status.Blocks)
            yield return ("blocked", Cell.Warning($"since {Word.Time(from)} by guard {guard}: {why}"));
        if (status.Blocks.Count > 0)
        {
            yield return ("way out", status.Pending is { } held
                ? $"nstance-gc plan show, then plan approve {held.Id} --cluster {shard.Cluster} --shard {shard.Shard}"
                : "correct the cause, then nstance-gc cycle; nothing waits for an approval");
        }

        if (status.Pending is { Id: var id, Instances: var count })
            yield return ("plan", Cell.Warning($"{id} waits for approval: {count} instances (nstance-gc plan show)"));
        if (status.Approval is { } approval)
            yield return ("approved", $"by {approval.By} until {Word.Time(approval.Until)}");
        yield return ("host", status.Host ?? "none yet");
        if (status.NoLeaderSince is { } since)
            yield return ("nstance's leader", new($"none since {Word.Time(since)}: start nstance's servers", Tone.Bad));
        else if (status.Leader is { Id: var leader, Address: var at, Since: var elected })
            yield return ("nstance's leader", $"{leader}{(at == "" ? "" : $" at {at}")}, since {Word.Time(elected)}");
        var every = status.Timings is { } timings ? $", every {DurationText.Format(timings.Interval)}" : "";
        yield return ("next cycle", status.NextCycleAt is { } next
            ? $"{Word.Time(next)} ({Word.In(next - now)}){every}"
            : "none");
        foreach (var warning in status.Timings is { } own ? OwnTimings.Warnings(own) : [])
            yield return ("warning", Cell.Warning(warning));
        yield return ("totals", Totals(status.Totals));
    }

    private static Cell Mode(GcStatus status) => status switch
    {
        { Mode: { } mode } => Word.Mode(mode.DryRun) with
        {
            Text = $"{Word.Mode(mode.DryRun).Text} by {mode.By} since {Word.Time(mode.At)}",
        },
        { DryRun: true, Settings.DryRun: null } => new Cell("dry-run until nstance-gc enforce", Tone.Warning),
        _ => Word.Mode(status.DryRun),
    };

    private static string Pause(PauseState pause)
    {
        var who = pause.By is null ? "" : $" by {pause.By}";
        var end = pause.Until is { } time ? $" until {Word.Time(time)}" : "";
        return $"{pause.Reason} (since {Word.Time(pause.At)}{who}{end})";
    }

    private static string Totals(GcTotals totals) => string.Join(
        ", ",
        [
            $"{totals.Cycles} cycles",
            .. totals.Terminated.Select(total => $"{total.Instances} {Setting.Kebab($"{total.Reason}")} terminated"),
            $"{totals.AlreadyGone} already gone", $"{totals.Purged} purged", $"{totals.ChecksEnqueued} checks sent",
        ]);
}
