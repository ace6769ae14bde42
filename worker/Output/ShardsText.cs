using Nstance.Temporal.Worker.Hosting;

namespace Nstance.Temporal.Worker.Output;

/// <summary>All collectors, one row each, the worst first.</summary>
internal static class ShardsText
{
    private const int LinesAround = 4;

    private static readonly Cell NoAnswer = new("no-answer", Tone.Bad);

    /// <summary>
    /// Writes as many of the sorted lines as fit under the header; all without a height. Without lines, the sentence
    /// names the <paramref name="cluster"/> that was asked for.
    /// </summary>
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

        ShardLine[] shown = [.. lines.Take(Math.Max(1, (height ?? int.MaxValue) - LinesAround))];
        var groups = lines.CountBy(line => Outcome(line).Text).Select(group => $"{group.Value} {group.Key}");
        screen.Line($"{lines.Count} shards: {string.Join(", ", groups)}");
        Columns.Write(
            screen, shown, wide,
            new("SHARD", line => line.Name),
            new("STATE", line => line.Status is null ? NoAnswer : State(line.Status)),
            Of("MODE", status => Word.Mode(status.DryRun)),
            Of("CYCLE", status => status.LastReport is { } report ? $"{report.Cycle}" : "-"),
            new("OUTCOME", line => line.Status is null ? "-" : Outcome(line)),
            Of("AGE", status => status.LastReport is { } report ? Word.Ago(now - report.EndedAt) : "-"),
            Of("NEXT", status => status.NextCycleAt is { } next ? Word.In(next - now) : "-"),
            Of("FLEET", status => status.LastReport?.Sync is { } sync ? $"{sync.Listed}" : "-"),
            Of("PLAN", status => status.Pending is { } plan ? Cell.Warning($"{plan.Instances}") : "-"),
            Sum("FOUND", counts => counts.Candidates),
            Sum("TERMINATED", counts => counts.Terminated),
            new("HOST", line => line.Status?.Host ?? "none", IsWide: true),
            new("PROBLEM", line => line.Error ?? Problem(line.Status?.LastReport), IsWide: true));
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
        null => NoAnswer,
        { LastReport: { } report } => Word.Outcome(report.Outcome),
        _ => "none-yet",
    };

    private static Cell State(GcStatus status) => status.PartialPauses.Count > 0
        ? Cell.Warning($"{Word.State(status.State).Text}*") : Word.State(status.State);

    private static string Problem(CycleReport? report) => report?.Problems is [var first, ..] ? first : "";

    private static Column<ShardLine> Of(string title, Func<GcStatus, Cell> cell, bool isWide = false) =>
        new(title, line => line.Status is { } status ? cell(status) : "-", isWide);

    private static Column<ShardLine> Sum(string title, Func<CollectCounts, int> of) => Of(
        title, status => status.LastReport?.Collect is { } collect ? $"{collect.Counts.Sum(of)}" : "-", isWide: true);
}
