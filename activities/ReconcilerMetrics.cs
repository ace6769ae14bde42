using System.Diagnostics.Metrics;

namespace Nstance.Temporal.Activities;

/// <summary>
/// Metrics of the reconciler's activities. Labels: cluster, shard, and verdict, or kind and result.
/// </summary>
internal static class ReconcilerMetrics
{
    private static readonly Counter<long> Checks = GcMeter.Counter(
        "nstance.gc.reconciler.checks", "Checks of instances by verdict (collectable, replace, fine, unknown)");

    private static readonly Counter<long> Notifications = GcMeter.Counter(
        "nstance.gc.reconciler.notifications", "Attempts to deliver a notification, by kind and result (ok, failed)");

    public static void Checked(ShardRef shard, CheckInstancesResult result)
    {
        foreach (var (verdict, count) in result.Instances.CountBy(instance => instance.Verdict))
            Checks.Add(count, GcMeter.Tags(shard, ("verdict", verdict.ToString().ToLowerInvariant())));
    }

    public static void Notified(Notification notification, string result) =>
        Notifications.Add(1, GcMeter.Tags(notification.Shard, ("kind", notification.Kind), ("result", result)));
}
