using Nstance.Temporal.Workflows.Collector;
using Temporalio.Workflows;

namespace Nstance.Temporal.Workflows.Telemetry;

/// <summary>
/// Metrics that only the workflows can tell. They go through Temporal's own meter, which records nothing during a replay.
/// </summary>
internal static class WorkflowMetrics
{
    /// <summary>Counts a cycle, and says when the last good one was: also after a bad one, so that an alarm survives a restart.</summary>
    public static void CycleEnded(CollectorState collector, CycleReport report)
    {
        Meter(collector.Shard, ("outcome", report.Outcome.ToString().ToLowerInvariant()))
            .CreateCounter<long>("nstance.gc.cycles", null, "Cycles by outcome (completed, guarded, partial, failed)").Add(1);
        LastGood(collector);
    }

    /// <summary>What an operator steers: paused, mode, and the plan that waits for a decision.</summary>
    public static void Steered(CollectorState collector)
    {
        var meter = Meter(collector.Shard);
        meter.CreateGauge<long>("nstance.gc.paused", null, "1 while paused by an operator").Set(collector.State.Pause is null ? 0 : 1);
        meter.CreateGauge<long>("nstance.gc.dry_run", null, "1 while nothing is terminated").Set(collector.DryRun ? 1 : 0);
        meter.CreateGauge<long>("nstance.gc.plan.pending", null, "Instances of the plan that waits for approval; 0: none waits")
            .Set(collector.State.Pending?.Instances ?? 0);
        meter.CreateGauge<long>("nstance.gc.collector.at", "s", "When this worker last moved the collector, Unix time").Set(Now);
        // After a restart the alarm must not wait for the first cycle: that one may be what fails.
        LastGood(collector);
    }

    /// <summary>A decision about a plan.</summary>
    public static void Decided(ShardRef shard, string decision) =>
        Meter(shard, ("decision", decision)).CreateCounter<long>("nstance.gc.plan.decisions", null, "Plans decided about (approved, rejected)").Add(1);

    /// <summary>What the reconciler still has to do.</summary>
    public static void Queue(ShardRef shard, int queued, int toNotify)
    {
        const string help = "Events that wait in the reconciler, by kind (event, notification)";
        Meter(shard, ("kind", "event")).CreateGauge<long>("nstance.gc.reconciler.queue", null, help).Set(queued);
        Meter(shard, ("kind", "notification")).CreateGauge<long>("nstance.gc.reconciler.queue", null, help).Set(toNotify);
        Meter(shard).CreateGauge<long>("nstance.gc.reconciler.at", "s", "When this worker last moved the reconciler, Unix time").Set(Now);
    }

    // A worker that a shard has left goes on showing its last values: who reads them must know which worker is the latest.
    private static long Now => Clock.Now.ToUnixTimeSeconds();

    private static void LastGood(CollectorState collector)
    {
        var reports = collector.State.Reports;
        // None of those kept was good: it was before the oldest of them at the latest. Without any, the clock starts with this run.
        var good = reports.FirstOrDefault(r => r.Outcome is CycleOutcome.Completed or CycleOutcome.Blocked)?.EndedAt
            ?? (reports.Count > 0 ? reports[^1].StartedAt : new DateTimeOffset(Workflow.Info.WorkflowStartTime));
        var meter = Meter(collector.Shard);
        meter.CreateGauge<long>("nstance.gc.last_good_cycle", "s", "When the last good cycle ended, Unix time").Set(good.ToUnixTimeSeconds());
        meter.CreateGauge<double>("nstance.gc.interval", "s", "Time between starts of cycles").Set(collector.Timings.Interval.TotalSeconds);
    }

    private static Temporalio.Common.MetricMeter Meter(ShardRef shard, params (string Key, string Value)[] more) =>
        Workflow.MetricMeter.WithTags(
        [
            new("cluster", shard.Cluster),
            new("shard", shard.Shard),
            .. more.Select(tag => new KeyValuePair<string, object>(tag.Key, tag.Value)),
        ]);
}
