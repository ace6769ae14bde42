using System.Diagnostics;
using System.Diagnostics.Metrics;
using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Activities;

/// <summary>Metrics of the phases. Labels: cluster, shard, and one of phase, reason, state, result.</summary>
internal static class PhaseMetrics
{
    private static readonly Histogram<double> Durations = GcMeter.Meter.CreateHistogram<double>(
        "nstance.gc.phase.duration", "s", "Time of one attempt of a phase, by result (ok, failed)", tags: null,
        GcMeter.Seconds(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600));

    private static readonly Counter<long> Handled = GcMeter.Meter.CreateCounter<long>(
        "nstance.gc.candidates", description:
        "Garbage by reason and outcome "
        + "(found, terminated, would_terminate, already_gone, skipped, failed, over_limit, blocked, quarantined)");

    private static readonly Gauge<long> Garbage = GcMeter.Meter.CreateGauge<long>(
        "nstance.gc.garbage", description: "Candidates of the last collection, by reason");

    private static readonly Gauge<long> Terminating = GcMeter.Meter.CreateGauge<long>(
        "nstance.gc.terminating", description: "Machines that shut down, which the collector leaves to the cloud");

    private static readonly Gauge<long> Stuck = GcMeter.Meter.CreateGauge<long>(
        "nstance.gc.terminating.stuck", description: "Machines that shut down for more than an hour");

    private static readonly Counter<long> Tripped = GcMeter.Meter.CreateCounter<long>(
        "nstance.gc.limits.tripped", description: "Collections in which a reason was held back by its limit");

    private static readonly Counter<long> Purged = GcMeter.Meter.CreateCounter<long>(
        "nstance.gc.purged", description: "Rows and records deleted, by result (ok, failed)");

    private static readonly Gauge<long> Stale = GcMeter.Meter.CreateGauge<long>(
        "nstance.gc.health.stale", description: "Registered instances whose last report is too old");

    private static readonly Counter<long> Enqueued = GcMeter.Meter.CreateCounter<long>(
        "nstance.gc.checks.enqueued", description: "Checks handed to the reconciler");

    private static readonly Gauge<long> Instances = GcMeter.Meter.CreateGauge<long>(
        "nstance.gc.instances", description: "Instances that the last sync listed, by their state at the cloud");

    private static readonly Gauge<long> DatabaseSize = GcMeter.Meter.CreateGauge<long>(
        "nstance.gc.database.size", "By", "Size of the shard's database on this host, its write-ahead log included");

    private static readonly Gauge<long> At = GcMeter.Meter.CreateGauge<long>(
        "nstance.gc.phase.at", "s",
        "When this host last ended a phase, Unix time; of two hosts the later one counts");

    public static void Phase(ShardRef shard, string phase, string result, long began)
    {
        var tags = Tags(shard, ("phase", phase), ("result", result));
        Durations.Record(Stopwatch.GetElapsedTime(began).TotalSeconds, tags);
        At.Record(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds(), Tags(shard));
    }

    public static void Collected(ShardRef shard, CollectResult result, bool dryRun)
    {
        Terminating.Record(result.AlreadyTerminating, Tags(shard));
        Stuck.Record(result.StuckTerminating, Tags(shard));
        foreach (var counts in result.Counts) Of(shard, Reasons.Of(counts.Reason).Label, counts, dryRun);
    }

    public static void Scanned(ShardRef shard, HealthScanResult result)
    {
        Stale.Record(result.Stale, Tags(shard));
        Enqueued.Add(result.Enqueued, Tags(shard));
    }

    public static void PurgeDone(ShardRef shard, PurgeResult result, bool dryRun)
    {
        if (!dryRun) Purged.Add(result.Purged, Tags(shard, ("result", "ok")));
        Purged.Add(result.Failed, Tags(shard, ("result", "failed")));
    }

    /// <summary>Records all states, also with zero, or the last value of a state would stay.</summary>
    public static void Synced(ShardRef shard, IReadOnlyDictionary<string, long> states, string path)
    {
        foreach (var (state, count) in states) Instances.Record(count, Tags(shard, ("state", state)));
        DatabaseSize.Record(Size(path) + Size(path + "-wal"), Tags(shard));
    }

    private static void Of(ShardRef shard, string reason, CollectCounts counts, bool dryRun)
    {
        Garbage.Record(counts.Candidates, Tags(shard, ("reason", reason)));
        Tripped.Add(counts.OverLimit > 0 ? 1 : 0, Tags(shard, ("reason", reason)));
        foreach (var (result, count) in ((string, int)[])
            [
                ("found", counts.Candidates),
                (dryRun ? "would_terminate" : "terminated", counts.Terminated),
                ("already_gone", counts.AlreadyGone),
                ("skipped", counts.Skipped),
                ("failed", counts.Failed),
                ("over_limit", counts.OverLimit),
                ("blocked", counts.Blocked),
                ("quarantined", counts.Quarantined),
            ])
        {
            Handled.Add(count, Tags(shard, ("reason", reason), ("result", result)));
        }
    }

    private static long Size(string path)
    {
        var file = new FileInfo(path);
        return file.Exists ? file.Length : 0;
    }

    private static TagList Tags(ShardRef shard, params ReadOnlySpan<(string Key, string Value)> more)
    {
        var tags = new TagList { { "cluster", shard.Cluster }, { "shard", shard.Shard } };
        foreach (var (key, value) in more) tags.Add(key, value);
        return tags;
    }
}
