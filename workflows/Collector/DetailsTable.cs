using System.Text;

namespace Nstance.Temporal.Workflows.Collector;

/// <summary>The collector's current details in the Web UI: markdown, well under Temporal's 20,000 bytes.</summary>
internal static class DetailsTable
{
    private const int Rows = 5;
    private const int Problems = 5;

    public static string Render(CollectorState collector)
    {
        var (state, text) = (collector.State, new StringBuilder());
        text.Append("**").Append(Headline(state, collector.Phase)).Append("**").Append(collector.DryRun ? " · dry-run: nothing is terminated" : "").Append('\n');
        text.Append("Host: ").Append(Line(state.Host?.Host ?? "none")).Append(" · cycles: ").Append(state.Totals.Cycles).Append('\n');
        Steering(text, collector);
        if (state.Reports.Count == 0) return text.ToString();

        text.Append("\n| cycle | began (UTC) | outcome | sync | collect | health | purge |\n|--|--|--|--|--|--|--|\n");
        foreach (var report in state.Reports.Take(Rows))
        {
            text.Append("| ").Append(report.Cycle).Append(report.DryRun ? " (dry)" : "")
                .Append(" | ").Append(report.StartedAt.UtcDateTime.ToString("MM-dd HH:mm:ss", null))
                .Append(" | ").Append(report.Outcome)
                .Append(" | ").Append(Sync(report.Sync))
                .Append(" | ").Append(Collect(report.Collect, report.DryRun))
                .Append(" | ").Append(Health(report.Health))
                .Append(" | ").Append(Purge(report.Purge)).Append(" |\n");
        }

        foreach (var problem in Reports.AllProblems(state.Reports[0]).Take(Problems))
        {
            text.Append("\n- ").Append(Line(problem));
        }

        return text.ToString();
    }

    private static void Steering(StringBuilder text, CollectorState collector)
    {
        var (state, where) = (collector.State, $"--cluster {collector.Shard.Cluster} --shard {collector.Shard.Shard}");
        if (state.Pending is { } plan)
        {
            text.Append("\n**Plan `").Append(plan.Id).Append("` waits for approval**: ").Append(plan.Instances).Append(" instances would be terminated.\n");
            foreach (var sentence in plan.Exceeded.Take(Problems)) text.Append("- ").Append(Line(sentence)).Append('\n');
            foreach (var note in plan.Samples.Take(Rows))
                text.Append("- `").Append(Line(note.InstanceId)).Append("` ").Append(Line(note.Action)).Append(": ").Append(Line(note.Why)).Append('\n');
            text.Append("\n`nstance-gc plan approve ").Append(plan.Id).Append(' ').Append(where).Append(" --comment …`\n");
        }

        if (state.Approval is { } approval)
            text.Append("\nPlan approved by ").Append(Line(approval.By)).Append(" until ").Append(Time(approval.Until)).Append(": ").Append(Line(approval.Comment)).Append('\n');
        foreach (var hold in state.PartialPauses.Take(Rows))
        {
            text.Append("\nPaused: ").Append(Line(hold.Group ?? "every group")).Append(", ").Append(hold.Sweep?.ToString() ?? "every sweep")
                .Append(" until ").Append(Time(hold.Until) ?? "resumed").Append(": ").Append(Line(hold.Reason)).Append('\n');
        }

        if (state.Reports is [{ Grace: { } grace }, ..])
            text.Append("\nGrace until ").Append(Time(grace.Until)).Append(": ").Append(Line(grace.Why)).Append('\n');
    }

    private static string Line(string words) => ActivityFault.Cut(words);

    private static string Headline(GcState state, string? phase) =>
        phase is not null ? $"Cycle {state.Cycle}: {phase}"
        : state.Pause is { } pause ? $"Paused{By(pause)} until {Time(pause.Until) ?? "resumed"}: {ActivityFault.Cut(pause.Reason)}"
        : $"Next cycle at {Time(state.NextCycleAt) ?? "once"}";

    private static string By(PauseState pause) => pause.By is { } by ? $" by {ActivityFault.Cut(by)}" : "";

    private static string? Time(DateTimeOffset? at) => at?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", null);

    private static string Sync(SyncResult? sync) =>
        sync is null ? "–" : $"{sync.Listed} listed, {sync.Added} new, {sync.MarkedDeleted} gone";

    private static string Collect(CollectResult? collect, bool dryRun) => collect is null ? "–"
        : $"{collect.Counts.Sum(c => c.Terminated)} {(dryRun ? "would be terminated" : "terminated")}, {collect.Counts.Sum(c => c.Skipped)} skipped, "
        + $"{collect.Counts.Sum(c => c.Failed)} failed, {collect.Counts.Sum(c => c.OverLimit)} held back";

    private static string Health(HealthScanResult? health) =>
        health is null ? "–" : $"{health.Stale} of {health.Registered} stale{(health.Suspect ? ", suspect" : "")}";

    private static string Purge(PurgeResult? purge) => purge is null ? "–" : $"{purge.Purged} purged, {purge.Failed} failed";
}
