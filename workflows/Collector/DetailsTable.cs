using System.Text;

namespace Nstance.Temporal.Workflows.Collector;

/// <summary>The collector's current details in the Web UI: markdown, well under Temporal's 20,000 bytes.</summary>
internal static class DetailsTable
{
    private const int Rows = 5;
    private const int Problems = 5;

    public static string Render(CollectorState collector)
    {
        var state = collector.State;
        var text = new StringBuilder();
        text.Append($"**{Headline(state, collector.Phase)}**");
        text.Append(collector.DryRun ? " · dry-run: nothing is terminated\n" : "\n");
        text.Append($"Host: {Line(state.Host?.Host ?? "none")} · cycles: {state.Totals.Cycles}\n");
        if (state.Leader is { } leader)
            text.Append($"nstance's leader: {Line(leader.Id)} at {Line(leader.Address)} since {Time(leader.Since)}\n");
        if (state.NoLeaderSince is { } since)
            text.Append($"\n**nstance has had no leader since {Time(since)}**: start its servers\n");
        foreach (var block in state.Blocks)
            text.Append($"\n**Blocked since {Time(block.Since)} by guard {block.Guard}**: {Line(block.Why)}\n");
        if (state.Pending is { } plan) AppendPlan(text, plan, collector.Shard);
        if (state.Approval is { } given)
            text.Append($"\nPlan approved by {Line(given.By)} until {Time(given.Until)}: {Line(given.Comment)}\n");
        foreach (var pause in state.PartialPauses.Take(Rows))
        {
            var what = $"{Line(pause.Group ?? "every group")}, {pause.Sweep?.ToString() ?? "every sweep"}";
            text.Append($"\nPaused: {what} until {Time(pause.Until) ?? "resumed"}: {Line(pause.Reason)}\n");
        }

        if (state.Reports is not [var newest, ..]) return text.ToString();
        if (newest.Grace is { } grace) text.Append($"\nGrace until {Time(grace.Until)}: {Line(grace.Why)}\n");
        text.Append("\n| cycle | began (UTC) | outcome | sync | collect | health | purge |\n|--|--|--|--|--|--|--|\n");
        foreach (var report in state.Reports.Take(Rows)) text.Append(Row(report));
        foreach (var problem in Reports.AllProblems(newest).Take(Problems)) text.Append($"\n- {Line(problem)}");
        return text.ToString();
    }

    private static void AppendPlan(StringBuilder text, CollectPlan plan, ShardRef shard)
    {
        text.Append($"\n**Plan `{plan.Id}` waits for approval**: {plan.Instances} instances would be terminated.\n");
        foreach (var sentence in plan.Exceeded.Take(Problems)) text.Append($"- {Line(sentence)}\n");
        foreach (var note in plan.Samples.Take(Rows))
            text.Append($"- `{Line(note.InstanceId)}` {Line(note.Action)}: {Line(note.Why)}\n");
        var where = $"--cluster {shard.Cluster} --shard {shard.Shard}";
        text.Append($"\n`nstance-gc plan approve {plan.Id} {where} --comment …`\n");
    }

    private static string Headline(GcState state, string? phase)
    {
        if (phase is not null) return $"Cycle {state.Cycle}: {phase}";
        if (state.Pause is not { } pause) return $"Next cycle at {Time(state.NextCycleAt) ?? "once"}";
        var by = pause.By is null ? "" : $" by {Line(pause.By)}";
        return $"Paused{by} until {Time(pause.Until) ?? "resumed"}: {Line(pause.Reason)}";
    }

    private static string Row(CycleReport report)
    {
        string[] cells =
        [
            report.DryRun ? $"{report.Cycle} (dry)" : $"{report.Cycle}",
            $"{report.StartedAt.UtcDateTime:MM-dd HH:mm:ss}",
            $"{report.Outcome}",
            report.Sync is { } sync ? $"{sync.Listed} listed, {sync.Added} new, {sync.MarkedDeleted} gone" : "–",
            report.Collect is { } collect ? Counts(collect, report.DryRun) : "–",
            report.Health is { } health
                ? $"{health.Stale} of {health.Registered} stale{(health.Suspect is null ? "" : ", suspect")}" : "–",
            report.Purge is { } purge ? $"{purge.Purged} purged, {purge.Failed} failed" : "–",
        ];
        return $"| {string.Join(" | ", cells)} |\n";
    }

    private static string Counts(CollectResult collect, bool dryRun)
    {
        var counts = collect.Counts;
        var terminating = collect.AlreadyTerminating;
        return $"{counts.Sum(c => c.Terminated)} {(dryRun ? "would be terminated" : "terminated")}, "
            + (terminating > 0 ? $"{terminating} already terminating, " : "")
            + $"{counts.Sum(c => c.Skipped)} skipped, {counts.Sum(c => c.Failed)} failed, "
            + $"{counts.Sum(c => c.OverLimit + c.Blocked)} held back";
    }

    private static string Line(string words) => ActivityFault.Cut(words);

    private static string? Time(DateTimeOffset? at) => at?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", null);
}
