using Nstance.Temporal.Worker.Hosting;

namespace Nstance.Temporal.Worker.Output;

/// <summary>All collectors, one row each, the worst first.</summary>
internal static class ShardsText
{
    private const int LinesAround = 4;

    /// <param name="screen">Where to.</param>
    /// <param name="lines">Sorted, the worst first.</param>
    /// <param name="now">The time.</param>
    /// <param name="wide">True: more columns.</param>
    /// <param name="height">Lines that fit, so that the header stays; null: no limit.</param>
    /// <param name="cluster">The cluster that was asked for; null: all of them.</param>
    public static void Write(
        Screen screen, IReadOnlyList<ShardLine> lines, DateTimeOffset now, bool wide, int? height = null,
        string? cluster = null)
    {
        if (lines.Count == 0)
        {
            var where = cluster is null ? "in this namespace" : $"for cluster {cluster} in this namespace";
            screen.Line($"no collector runs {where}: nstance-gc init sets one up");
            return;
        }

        var shown = height is { } limit && lines.Count > Math.Max(1, limit - LinesAround)
            ? lines.Take(Math.Max(1, limit - LinesAround)).ToArray()
            : [.. lines];
        var groups = lines.CountBy(line => Outcome(line).Text).Select(group => $"{group.Value} {group.Key}");
        screen.Line($"{lines.Count} shards: {string.Join(", ", groups)}");
        string[] header = ["SHARD", "STATE", "MODE", "CYCLE", "OUTCOME", "AGE", "NEXT", "FLEET", "PLAN"];
        Columns.Write(
            screen,
            wide ? [.. header, "FOUND", "TERMINATED", "HOST", "PROBLEM"] : header,
            [.. shown.Select(line => wide ? [.. Row(line, now), .. Wide(line)] : Row(line, now))]);
        if (shown.Length < lines.Count) screen.Line($"… and {lines.Count - shown.Length} more");
    }

    /// <summary>What is wrong with a shard, the worst first; 9: nothing.</summary>
    public static int Rank(ShardLine line) => line switch
    {
        { Status: null } => 0,
        { Status.State: CollectorActivity.Off } => 1,
        { Status.LastReport.Outcome: CycleOutcome.Failed } => 2,
        { Status.LastReport.Outcome: CycleOutcome.Partial } => 3,
        { Status.LastReport.Outcome: CycleOutcome.Blocked } => 4,
        { Status.Pending: not null } => 5,
        { Status.Pause: not null } => 6,
        { Status.PartialPauses.Count: > 0 } => 7,
        { Status.LastReport: null } => 8,
        _ => 9,
    };

    private static Cell Outcome(ShardLine line) => line.Status switch
    {
        null => new("no-answer", Tone.Bad),
        { LastReport: { } report } => Word.Outcome(report.Outcome),
        _ => "none-yet",
    };

    private static Cell[] Row(ShardLine line, DateTimeOffset now)
    {
        if (line.Status is not { } status)
            return [line.Name, new("no-answer", Tone.Bad), "-", "-", "-", "-", "-", "-", "-"];
        var report = status.LastReport;
        var state = Word.State(status.State);
        return
        [
            line.Name,
            status.PartialPauses.Count > 0 ? new Cell($"{state.Text}*", Tone.Warning) : state,
            Word.Mode(status.DryRun),
            report is null ? "-" : $"{report.Cycle}",
            Outcome(line),
            report is null ? "-" : Word.Ago(now - report.EndedAt),
            status.NextCycleAt is { } next ? Word.In(next - now) : "-",
            report?.Sync is { } sync ? $"{sync.Listed}" : "-",
            status.Pending is { } plan ? new Cell($"{plan.Instances}", Tone.Warning) : "-",
        ];
    }

    private static Cell[] Wide(ShardLine line)
    {
        var report = line.Status?.LastReport;
        return
        [
            report?.Collect is { } found ? $"{found.Counts.Sum(counts => counts.Candidates)}" : "-",
            report?.Collect is { } done ? $"{done.Counts.Sum(counts => counts.Terminated)}" : "-",
            line.Status?.Host ?? "none",
            line.Error ?? (report?.Problems is [var problem, ..] ? problem : ""),
        ];
    }
}
