using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Nstance.Temporal.Activities;

/// <summary>Metrics of the reconciler's activities. Labels: cluster, shard, and verdict, or kind and result.</summary>
internal static class ReconcilerMetrics
{
    private static readonly Counter<long> Checks = GcMeter.Meter.CreateCounter<long>(
        "nstance.gc.reconciler.checks",
        description: "Checks of instances by verdict (collectable, replace, fine, unknown)");

    private static readonly Counter<long> Notifications = GcMeter.Meter.CreateCounter<long>(
        "nstance.gc.reconciler.notifications",
        description: "Attempts to send a notification, by kind and result (ok, failed)");

    public static void Checked(ShardRef shard, CheckInstancesResult result)
    {
        foreach (var verdict in result.Instances.CountBy(instance => instance.Verdict))
        {
            Checks.Add(verdict.Value, new TagList
            {
                { "cluster", shard.Cluster },
                { "shard", shard.Shard },
                { "verdict", verdict.Key.ToString().ToLowerInvariant() },
            });
        }
    }

    public static void Notified(Notification notification, string result) => Notifications.Add(1, new TagList
    {
        { "cluster", notification.Shard.Cluster },
        { "shard", notification.Shard.Shard },
        { "kind", notification.Kind },
        { "result", result },
    });
}
