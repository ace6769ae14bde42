using Nstance.Temporal.Workflows.Contracts;
using Temporalio.Workflows;

namespace Nstance.Temporal.Workflows.Telemetry;

/// <summary>
/// Metrics that only the workflows can tell. They go through Temporal's own meter, which records nothing during a replay.
/// </summary>
internal static class WorkflowMetrics
{
    /// <summary>Counts a cycle, and says when the last good one was: also after a bad one, so that an alarm survives a restart.</summary>
    public static void CycleEnded(ShardRef shard, IReadOnlyList<CycleReport> reports, ShardTimings timings)
    {
        var report = reports[0];
        Meter(shard, ("outcome", report.Outcome.ToString().ToLowerInvariant()))
            .CreateCounter<long>("nstance.gc.cycles", null, "Cycles by outcome (completed, guarded, partial, failed)").Add(1);

        // None of those kept was good: it was before the oldest of them at the latest.
        var good = reports.FirstOrDefault(r => r.Outcome is CycleOutcome.Completed or CycleOutcome.Guarded)?.EndedAt ?? reports[^1].StartedAt;
        Meter(shard).CreateGauge<long>("nstance.gc.last_good_cycle", "s", "When the last good cycle ended, Unix time").Set(good.ToUnixTimeSeconds());
        Meter(shard).CreateGauge<double>("nstance.gc.interval", "s", "Time between starts of cycles").Set(timings.Interval.TotalSeconds);
    }

    /// <summary>Whether an operator has paused the collector.</summary>
    public static void Paused(ShardRef shard, bool paused) =>
        Meter(shard).CreateGauge<long>("nstance.gc.paused", null, "1 while paused by an operator").Set(paused ? 1 : 0);

    /// <summary>What the reconciler still has to do.</summary>
    public static void Queue(ShardRef shard, int queued, int toNotify)
    {
        const string help = "Events that wait in the reconciler, by kind (event, notification)";
        Meter(shard, ("kind", "event")).CreateGauge<long>("nstance.gc.reconciler.queue", null, help).Set(queued);
        Meter(shard, ("kind", "notification")).CreateGauge<long>("nstance.gc.reconciler.queue", null, help).Set(toNotify);
    }

    private static Temporalio.Common.MetricMeter Meter(ShardRef shard, params (string Key, string Value)[] more) =>
        Workflow.MetricMeter.WithTags(
        [
            new("cluster", shard.Cluster),
            new("shard", shard.Shard),
            .. more.Select(tag => new KeyValuePair<string, object>(tag.Key, tag.Value)),
        ]);
}
