using Nstance.Temporal.Workflows.Collector;
using Temporalio.Common;
using Temporalio.Workflows;

namespace Nstance.Temporal.Workflows.Telemetry;

/// <summary>Metrics of the workflows, through Temporal's own meter, which records nothing during a replay.</summary>
internal static class WorkflowMetrics
{
    private static long Now => Clock.Now.ToUnixTimeSeconds();

    /// <summary>Counts a cycle and repeats the time of the last good one.</summary>
    public static void CycleEnded(CollectorState collector, CycleReport report)
    {
        Meter(collector.Shard, ("outcome", report.Outcome.ToString().ToLowerInvariant())).CreateCounter<long>(
            "nstance.gc.cycles", null, "Cycles by outcome (completed, blocked, partial, failed)").Add(1);
        LastGood(collector);
    }

    /// <summary>What an operator steers: paused, mode, and the plan that waits for a decision.</summary>
    public static void Steered(CollectorState collector)
    {
        var meter = Meter(collector.Shard);
        meter.Gauge("paused", "1 while paused by an operator", collector.State.Pause is null ? 0 : 1);
        meter.Gauge("dry_run", "1 while nothing is terminated", collector.DryRun ? 1 : 0);
        meter.Gauge(
            "plan.pending", "Instances of the plan that waits for approval; 0: none waits",
            collector.State.Pending?.Instances ?? 0);
        foreach (var guard in Guards.All)
        {
            var block = collector.State.Blocks.FirstOrDefault(b => b.Guard == guard);
            var labelled = Meter(collector.Shard, ("guard", guard));
            labelled.Gauge("blocked", "1 while this guard holds something back", block is null ? 0 : 1);
            labelled.Gauge(
                "blocked.since", "Start of the first blocked cycle, Unix time; 0: not blocked",
                block?.Since.ToUnixTimeSeconds() ?? 0, "s");
        }

        meter.Gauge(
            "no_leader", "1 while no host is found because nstance has no leader",
            collector.State.NoLeaderSince is null ? 0 : 1);
        meter.Gauge(
            "grace.renewals", "Cycles in a row that began the grace period anew; 0: it ends in time",
            collector.State.Reports is [{ Grace: { } grace }, ..] ? grace.Renewals : 0);
        meter.Gauge("collector.at", "When this worker last moved the collector, Unix time", Now, "s");
        // An alarm must not wait for the first cycle after a restart: that cycle may be what fails.
        LastGood(collector);
    }

    /// <summary>Counts a decision about a plan.</summary>
    public static void Decided(ShardRef shard, string decision) => Meter(shard, ("decision", decision))
        .CreateCounter<long>("nstance.gc.plan.decisions", null, "Plans decided about (approved, rejected)").Add(1);

    /// <summary>What the reconciler still has to do.</summary>
    public static void Queue(ShardRef shard, int queued, int toNotify)
    {
        const string help = "Events that wait in the reconciler, by kind (event, notification)";
        Meter(shard, ("kind", "event")).Gauge("reconciler.queue", help, queued);
        Meter(shard, ("kind", "notification")).Gauge("reconciler.queue", help, toNotify);
        // A worker that the shard has left keeps its last values. This time tells which worker is the latest.
        Meter(shard).Gauge("reconciler.at", "When this worker last moved the reconciler, Unix time", Now, "s");
    }

    private static void LastGood(CollectorState collector)
    {
        var reports = collector.State.Reports;
        // Without a good cycle, the time counts from the oldest kept report, or from the start of this run.
        var good = collector.State.LastGoodAt
            ?? (reports.Count > 0 ? reports[^1].StartedAt : new DateTimeOffset(Workflow.Info.WorkflowStartTime));
        var meter = Meter(collector.Shard);
        meter.Gauge("last_good_cycle", "When the last good cycle ended, Unix time", good.ToUnixTimeSeconds(), "s");
        meter.CreateGauge<double>("nstance.gc.interval", "s", "Time between starts of cycles")
            .Set(collector.Timings.Interval.TotalSeconds);
    }

    private static void Gauge(this MetricMeter meter, string name, string help, long value, string? unit = null) =>
        meter.CreateGauge<long>($"nstance.gc.{name}", unit, help).Set(value);

    private static MetricMeter Meter(ShardRef shard, params (string Key, string Value)[] more) =>
        Workflow.MetricMeter.WithTags(
        [
            new("cluster", shard.Cluster),
            new("shard", shard.Shard),
            .. more.Select(tag => new KeyValuePair<string, object>(tag.Key, tag.Value)),
        ]);
}
