using System.Text;

namespace Nstance.Temporal.Workflows.Collector;

/// <summary>
/// The collector's current details in the Web UI, well under Temporal's 20,000 bytes: all that an operator must know.
/// Summary and static details are lost when a collector continues as new; these are shown anew by each run.
/// </summary>
internal static class DetailsTable
{
    private const int Rows = 5;
    private const int Problems = 5;

    public static string Render(CollectorState collector)
    {
        var state = collector.State;
        var text = new StringBuilder($"**{ActivityFault.Cut(Headline(state, collector.Phase))}**\n");
        text.Append(Collector(collector));
        if (state.Pending is { } plan) AppendPlan(text, plan);
        text.Append(Holds(state));
        if (state.Reports is [var newest, ..])
        {
            text.Append(Cycles(state.Reports));
            text.Append(Terminating(newest.Collect));
            var problems = new DetailsBlock();
            foreach (var problem in Reports.AllProblems(newest).Take(Problems)) problems.Add("problem", problem);
            text.Append(problems);
        }

        text.Append(
            "\n- Stop at once: update `Pause`. Go on: update `Resume`.\n"
            + "- Cancelling or terminating is not enough: the schedule\n"
            + $"  `{Names.ScheduleId(collector.Shard.Cluster, collector.Shard.Shard)}` starts it again.\n");
        return text.ToString();
    }

    private static DetailsBlock Collector(CollectorState collector)
    {
        var state = collector.State;
        var shard = collector.Shard;
        var mode = collector.DryRun ? "dry-run: nothing is terminated" : "enforce";
        return new DetailsBlock()
            .Add("shard", $"{shard.Cluster}/{shard.Shard}")
            .Add("bucket", shard.Bucket)
            .Add("mode", state.Mode is { } set ? $"{mode}, by {set.By} since {Time(set.At)}" : mode)
            .Add("cycles", $"{state.Totals.Cycles}")
            .Add("host", state.Host?.Host ?? "none")
            .Add("leader", state.Leader is { } leader
                ? $"{leader.Id} at {leader.Address} since {Time(leader.Since)}" : null)
            .Add("leader", state.NoLeaderSince is { } since
                ? $"nstance has had no leader since {Time(since)}: start its servers" : null);
    }

    private static void AppendPlan(StringBuilder text, CollectPlan plan)
    {
        text.Append($"\n**Plan `{plan.Id}` waits for approval**\n");
        var block = new DetailsBlock()
            .Add("since", $"{Time(plan.CreatedAt)}, until {Time(plan.Until)}")
            .Add("holds", plan.IsOfHealth ? $"checks of {plan.Instances} instances" : $"{plan.Instances} instances");
        foreach (var part in plan.Parts.Take(Rows))
            block.Add("", $"{part.Instances} {Reason(part.Reason)} {part.Group}");
        if (plan.Waiting > 0) block.Add("", $"and {plan.Waiting} more that wait for the next plan");
        foreach (var sentence in plan.Exceeded.Take(Problems)) block.Add("why", sentence);
        foreach (var note in plan.Samples.Take(Rows)) block.Add("such as", $"{note.InstanceId} {note.Why}");
        block.Add("approve", "update Approve, or nstance-gc plan approve");
        block.Line($$"""          {"plan":"{{plan.Id}}","by":"…","comment":"…"}""");
        text.Append(block);
    }

    /// <summary>What holds the collector back, and what an operator allowed or refused.</summary>
    private static DetailsBlock Holds(GcState state)
    {
        var block = new DetailsBlock();
        foreach (var guard in state.Blocks)
            block.Add("blocked", $"since {Time(guard.Since)} by guard {guard.Guard}: {guard.Why}");
        if (state.Approval is { } given)
        {
            var id = CollectPlan.IdOf(given.Hash);
            block.Add("approved", $"plan {id} by {given.By} until {Time(given.Until)}: {given.Comment}");
        }

        foreach (var refused in state.Rejections.Take(Rows))
            block.Add("rejected", $"plan {CollectPlan.IdOf(refused.Hash)} by {refused.By}: {refused.Comment}");
        foreach (var pause in state.PartialPauses.Take(Rows))
        {
            var what = $"{pause.Group ?? "every group"}, {pause.Sweep?.ToString() ?? "every sweep"}";
            block.Add("paused", $"{what} until {Time(pause.Until) ?? "resumed"}: {pause.Reason}");
        }

        var grace = state.Reports is [{ Grace: { } one }, ..] ? one : null;
        return block.Add("grace", grace is null ? null : $"until {Time(grace.Until)}: {grace.Why}");
    }

    private static DetailsBlock Cycles(IReadOnlyList<CycleReport> reports)
    {
        var block = new DetailsBlock().Line(
            Row("cycle", "began UTC", "outcome", "listed", "terminated", "held", "stale"));
        foreach (var report in reports.Take(Rows))
        {
            var counts = report.Collect?.Counts;
            block.Line(Row(
                report.DryRun ? $"dry {report.Cycle}" : $"{report.Cycle}",
                $"{report.StartedAt.UtcDateTime:MM-dd HH:mm}",
                $"{report.Outcome}".ToLowerInvariant(),
                $"{report.Sync?.Listed}",
                $"{counts?.Sum(c => c.Terminated)}",
                $"{counts?.Sum(c => c.OverLimit + c.Blocked)}",
                $"{report.Health?.Stale}"));
        }

        return block;
    }

    /// <summary>Machines that shut down already, so that the collector leaves them to the cloud.</summary>
    private static DetailsBlock Terminating(CollectResult? collect)
    {
        var block = new DetailsBlock();
        if (collect is not { AlreadyTerminating: > 0 }) return block;
        var stuck = collect.StuckTerminating;
        return block.Add("cloud", $"{collect.AlreadyTerminating} machines already terminating"
            + (stuck > 0 ? $", {stuck} of them for more than an hour" : ""));
    }

    private static string Row(
        string cycle, string began, string outcome, string listed, string terminated, string held, string stale) =>
        $"{cycle,8} {began,-11} {outcome,-9} {listed,6} {terminated,10} {held,4} {stale,5}";

    private static string Headline(GcState state, string? phase)
    {
        if (phase is not null) return $"Cycle {state.Cycle}: {phase}";
        if (state.Pause is not { } pause)
            return $"Waits for cycle {state.Cycle + 1} at {Time(state.NextCycleAt) ?? "once"}";
        var by = pause.By is null ? "" : $" by {pause.By}";
        return $"Paused{by} until {Time(pause.Until) ?? "resumed"}: {pause.Reason}";
    }

    private static string Reason(CollectReason? reason) => reason is { } one ? $"{one}" : "silent";

    private static string? Time(DateTimeOffset? at) => at?.UtcDateTime.ToString("yyyy-MM-dd HH:mm'Z'", null);
}

/// <summary>
/// A block of fixed width in markdown. The Web UI pads no cells of a table, and takes what follows a paragraph for a
/// part of it: hence the fence, and the blank line before it.
/// </summary>
internal sealed class DetailsBlock
{
    /// <summary>The maximum width of a line: more is scrolled in the Web UI.</summary>
    public const int Width = 60;

    private const int LabelWidth = 10;

    private readonly StringBuilder _lines = new();

    /// <summary>Adds a text of any length under a label.</summary>
    public DetailsBlock Add(string label, string? text)
    {
        if (text is null) return this;
        var first = true;
        foreach (var line in Wrap(ActivityFault.Cut(text), Width - LabelWidth))
        {
            Line($"{(first ? label : "").PadRight(LabelWidth)}{line}");
            first = false;
        }

        return this;
    }

    /// <summary>Adds a line that fits.</summary>
    public DetailsBlock Line(string line)
    {
        // A fence within a message from outside would end the block.
        _lines.Append(line.TrimEnd().Replace('`', '\'')).Append('\n');
        return this;
    }

    public override string ToString() => _lines.Length == 0 ? "" : $"\n```text\n{_lines}```\n";

    /// <summary>Breaks at blanks, and within a word only if it is longer than a line.</summary>
    private static IEnumerable<string> Wrap(string text, int width)
    {
        var line = new StringBuilder();
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            foreach (var piece in word.Chunk(width))
            {
                if (line.Length > 0 && line.Length + 1 + piece.Length > width)
                {
                    yield return line.ToString();
                    line.Clear();
                }

                if (line.Length > 0) line.Append(' ');
                line.Append(piece);
            }
        }

        yield return line.ToString();
    }
}
