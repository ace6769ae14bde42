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
        if (status.Pause is { } pause) yield return ("paused", Pause(pause.Reason, pause.At, pause.By, pause.Until));
        foreach (var part in status.PartialPauses)
        {
            var sweep = part.Sweep is { } one ? Word.Kebab($"{one}") : "every sweep";
            var why = Pause(part.Reason, part.At, part.By, part.Until);
            yield return ("paused in part", why with { Text = $"{part.Group ?? "every group"}, {sweep}: {why.Text}" });
        }

        foreach (var block in status.Blocks)
        {
            yield return ("blocked", new(
                $"since {Word.Time(block.Since)} by guard {block.Guard}: {block.Why}", Tone.Warning));
        }

        if (status.Blocks.Count > 0)
        {
            yield return ("way out", status.Pending is { } held
                ? $"nstance-gc plan show, then plan approve {held.Id} --cluster {shard.Cluster} --shard {shard.Shard}"
                : "correct the cause, then nstance-gc cycle; nothing waits for an approval");
        }

        if (status.Pending is { } plan)
        {
            yield return ("plan", new(
                $"{plan.Id} waits for approval: {plan.Instances} instances (nstance-gc plan show)", Tone.Warning));
        }

        if (status.Approval is { } approval)
            yield return ("approved", $"by {approval.By} until {Word.Time(approval.Until)}");
        yield return ("host", status.Host ?? "none yet");
        if (status.NoLeaderSince is { } since)
        {
            yield return ("nstance's leader", new(
                $"none since {Word.Time(since)}: start nstance's servers", Tone.Bad));
        }
        else if (status.Leader is { } leader)
        {
            var address = leader.Address.Length > 0 ? $" at {leader.Address}" : "";
            yield return ("nstance's leader", $"{leader.Id}{address}, since {Word.Time(leader.Since)}");
        }

        var every = status.Timings is { } timings ? $", every {DurationText.Format(timings.Interval)}" : "";
        yield return ("next cycle", status.NextCycleAt is { } next
            ? $"{Word.Time(next)} ({Word.In(next - now)}){every}"
            : "none");
        foreach (var warning in status.Timings is { } own ? OwnTimings.Warnings(own) : [])
            yield return ("warning", new(warning, Tone.Warning));
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

    private static Cell Pause(string reason, DateTimeOffset at, string? by, DateTimeOffset? until)
    {
        var who = by is null ? "" : $" by {by}";
        var end = until is { } time ? $" until {Word.Time(time)}" : "";
        return new($"{reason} (since {Word.Time(at)}{who}{end})", Tone.Warning);
    }

    private static string Totals(GcTotals totals)
    {
        string[] parts =
        [
            $"{totals.Cycles} cycles",
            .. totals.Terminated.Select(total => $"{total.Instances} {Word.Kebab($"{total.Reason}")} terminated"),
            $"{totals.AlreadyGone} already gone",
            $"{totals.Purged} purged",
            $"{totals.ChecksEnqueued} checks sent",
        ];
        return string.Join(", ", parts);
    }
}
