using System.Diagnostics;
using System.Diagnostics.Metrics;
using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Activities;

/// <summary>
/// Metrics of the activities. Labels: cluster, shard, and one or two of phase, reason, state, result, verdict, kind.
/// </summary>
internal static class PhaseMetrics
{
    private static readonly Histogram<double> Durations = GcMeter.Meter.CreateHistogram<double>(
        "nstance.gc.phase.duration", "s", "Time of one attempt of a phase, by result (ok, failed)", tags: null,
        GcMeter.Seconds(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600));

    private static readonly Counter<long> Handled = GcMeter.Counter(
        "nstance.gc.candidates",
        "Garbage by reason and outcome "
        + "(found, terminated, would_terminate, already_gone, skipped, failed, over_limit, blocked, quarantined)");

    private static readonly Gauge<long> Garbage = GcMeter.Gauge(
        "nstance.gc.garbage", "Candidates of the last collection, by reason");

    private static readonly Gauge<long> Terminating = GcMeter.Gauge(
        "nstance.gc.terminating", "Machines that shut down, which the collector leaves to the cloud");

    private static readonly Gauge<long> Stuck = GcMeter.Gauge(
        "nstance.gc.terminating.stuck", "Machines that shut down for more than an hour");

    private static readonly Counter<long> Tripped = GcMeter.Counter(
        "nstance.gc.limits.tripped", "Collections in which a reason was held back by its limit");

    private static readonly Counter<long> Purged = GcMeter.Counter(
        "nstance.gc.purged", "Rows and records deleted, by result (ok, failed)");

    private static readonly Gauge<long> Stale = GcMeter.Gauge(
        "nstance.gc.health.stale", "Registered instances whose last report is too old");

    private static readonly Counter<long> Enqueued = GcMeter.Counter(
        "nstance.gc.checks.enqueued", "Checks handed to the reconciler");

    private static readonly Gauge<long> Instances = GcMeter.Gauge(
        "nstance.gc.instances", "Instances that the last sync listed, by their state at the cloud");

    private static readonly Gauge<long> DatabaseSize = GcMeter.Gauge(
        "nstance.gc.database.size", "Size of the shard's database on this host, its write-ahead log included", "By");

    private static readonly Gauge<long> At = GcMeter.Gauge(
        "nstance.gc.phase.at", "When this host last ended a phase, Unix time; of two hosts the later one counts", "s");

    private static readonly Counter<long> Checks = GcMeter.Counter(
        "nstance.gc.reconciler.checks", "Checks of instances by verdict (collectable, replace, fine, unknown)");

    private static readonly Counter<long> Notifications = GcMeter.Counter(
        "nstance.gc.reconciler.notifications", "Attempts to deliver a notification, by kind and result (ok, failed)");

    public static void Phase(ShardRef shard, string phase, string result, long began)
    {
        var tags = GcMeter.Tags(shard, ("phase", phase), ("result", result));
        Durations.Record(Stopwatch.GetElapsedTime(began).TotalSeconds, tags);
        At.Record(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds(), GcMeter.Tags(shard));
    }

    public static void Collected(ShardRef shard, CollectResult result, bool dryRun)
    {
        Terminating.Record(result.AlreadyTerminating, GcMeter.Tags(shard));
        Stuck.Record(result.StuckTerminating, GcMeter.Tags(shard));
        foreach (var counts in result.Counts) Of(shard, Reasons.Of(counts.Reason).Label, counts, dryRun);
    }

    public static void Scanned(ShardRef shard, HealthScanResult result)
    {
        Stale.Record(result.Stale, GcMeter.Tags(shard));
        Enqueued.Add(result.Enqueued, GcMeter.Tags(shard));
    }

    public static void PurgeDone(ShardRef shard, PurgeResult result, bool dryRun)
    {
        if (!dryRun) Purged.Add(result.Purged, GcMeter.Tags(shard, ("result", "ok")));
        Purged.Add(result.Failed, GcMeter.Tags(shard, ("result", "failed")));
    }

    /// <summary>Records all states, also with zero, or the last value of a state would stay.</summary>
    public static void Synced(ShardRef shard, IReadOnlyDictionary<string, long> states, string path)
    {
        foreach (var (state, count) in states) Instances.Record(count, GcMeter.Tags(shard, ("state", state)));
        DatabaseSize.Record(Size(path) + Size(path + "-wal"), GcMeter.Tags(shard));
    }

    public static void Checked(ShardRef shard, CheckInstancesResult result)
    {
        foreach (var (verdict, count) in result.Instances.CountBy(instance => instance.Verdict))
            Checks.Add(count, GcMeter.Tags(shard, ("verdict", verdict.ToString().ToLowerInvariant())));
    }

    public static void Notified(Notification notification, string result) =>
        Notifications.Add(1, GcMeter.Tags(notification.Shard, ("kind", notification.Kind), ("result", result)));

    private static void Of(ShardRef shard, string reason, CollectCounts counts, bool dryRun)
    {
        Garbage.Record(counts.Candidates, GcMeter.Tags(shard, ("reason", reason)));
        Tripped.Add(counts.OverLimit > 0 ? 1 : 0, GcMeter.Tags(shard, ("reason", reason)));
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
            Handled.Add(count, GcMeter.Tags(shard, ("reason", reason), ("result", result)));
        }
    }

    private static long Size(string path)
    {
        var file = new FileInfo(path);
        return file.Exists ? file.Length : 0;
    }
}
