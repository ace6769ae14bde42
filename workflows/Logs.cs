using Microsoft.Extensions.Logging;

namespace Nstance.Temporal.Workflows;

/// <summary>Every log message of the workflows. Few: the report and the current details say the rest.</summary>
internal static class Logs
{
    // Written by hand: the logging package that Temporalio brings here has no source generator.
    public static IDisposable? InCycle(this ILogger logger, ShardRef shard, int cycle) =>
        logger.BeginScope("{Cluster}/{Shard} cycle {Cycle}", shard.Cluster, shard.Shard, cycle);

    public static void CycleEnded(this ILogger logger, CycleReport report) => logger.LogInformation(
        new EventId(1, nameof(CycleEnded)), "Cycle {Cycle} ended: {Outcome}. {Problems}",
        report.Cycle, report.Outcome.ToString(), string.Join("; ", report.Problems));

    public static void HostLost(this ILogger logger, int cycle, string host, string why) => logger.LogWarning(
        new EventId(2, nameof(HostLost)), "Cycle {Cycle} lost host {Host}: {Why}", cycle, host, why);

    public static void Steered(this ILogger logger, string steer, string by) =>
        logger.LogInformation(new EventId(3, nameof(Steered)), "{Steer} by {By}", steer, by);

    public static void ChecksPostponed(this ILogger logger, string why) =>
        logger.LogWarning(new EventId(4, nameof(ChecksPostponed)), "Checks stay queued: {Why}", why);

    public static void NotifyFailed(this ILogger logger, Notification notification, string why) => logger.LogError(
        new EventId(5, nameof(NotifyFailed)), "Notification {Key} ({Kind}) failed for good: {Why}",
        notification.Key, notification.Kind, why);

    public static void QueueDropped(this ILogger logger, int queued, int toNotify) => logger.LogError(
        new EventId(7, nameof(QueueDropped)),
        "The reconciler was cancelled: {Queued} events that were not handled and {ToNotify} that were not notified "
        + "are dropped",
        queued, toNotify);

    public static void ChecksDropped(this ILogger logger, int count) => logger.LogError(
        new EventId(6, nameof(ChecksDropped)),
        "{Count} checks dropped: more than a run may hand on; the next scan finds them", count);
}
