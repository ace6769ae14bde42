using Microsoft.Extensions.Logging;

namespace Nstance.Temporal.Workflows;

/// <summary>Every log message of the workflows. Event ids are stable: 1 to 99.</summary>
internal static class Logs
{
    // Written by hand: the logging package that Temporalio brings here has no source generator.
    public static IDisposable? InCycle(this ILogger logger, ShardRef shard, int cycle) =>
        logger.BeginScope("{Cluster}/{Shard} cycle {Cycle}", shard.Cluster, shard.Shard, cycle);

    /// <summary>One line with the counts, and one for each problem; names and values as logfmt has them.</summary>
    public static void CycleEnded(this ILogger logger, ShardRef shard, CycleReport report)
    {
        var counts = report.Collect?.Counts ?? [];
        var name = $"{shard.Cluster}/{shard.Shard}";
        logger.Log(
            report.Outcome == CycleOutcome.Completed ? LogLevel.Information : LogLevel.Warning,
            new EventId(1, nameof(CycleEnded)),
            "shard={Shard} cycle={Cycle} outcome={Outcome} dry_run={DryRun} terminated={Terminated} "
            + "already_gone={AlreadyGone} quarantined={Quarantined} skipped={Skipped} failed={Failed} held={Held} "
            + "listed={Listed} stale={Stale} purged={Purged} problems={Problems} seconds={Seconds}",
            name,
            report.Cycle,
            $"{report.Outcome}".ToLowerInvariant(),
            $"{report.DryRun}".ToLowerInvariant(),
            counts.Sum(c => c.Terminated),
            counts.Sum(c => c.AlreadyGone),
            counts.Sum(c => c.Quarantined),
            counts.Sum(c => c.Skipped),
            counts.Sum(c => c.Failed),
            counts.Sum(c => c.OverLimit + c.Blocked),
            report.Sync?.Listed,
            report.Health?.Stale,
            report.Purge?.Purged,
            report.Problems.Count,
            Math.Round((report.EndedAt - report.StartedAt).TotalSeconds, 1));
        foreach (var problem in report.Problems)
        {
            logger.LogWarning(
                new EventId(7, "Problem"),
                "shard={Shard} cycle={Cycle} problem={Problem}",
                name, report.Cycle, problem);
        }
    }

    public static void HostLost(this ILogger logger, int cycle, string host, string why) => logger.LogWarning(
        new EventId(2, nameof(HostLost)),
        "Cycle {Cycle} lost host {Host}: {Why}. Another host takes the shard",
        cycle, host, why);

    public static void Steered(this ILogger logger, string steer, string by) =>
        logger.LogInformation(new EventId(3, nameof(Steered)), "{Steer} by {By}", steer, by);

    public static void ChecksPostponed(this ILogger logger, string why) => logger.LogWarning(
        new EventId(4, nameof(ChecksPostponed)),
        "Checks of instances stay queued: {Why}. The reconciler retries in a minute", why);

    public static void ReplacementsExpired(this ILogger logger, Notification notification, string why) =>
        logger.LogWarning(
            new EventId(9, nameof(ReplacementsExpired)),
            "Notification {Key} ({Kind}) did not arrive in time: {Why}. Its instances are checked again",
            notification.Key, notification.Kind, why);

    public static void NotifyFailed(this ILogger logger, Notification notification, string why) => logger.LogError(
        new EventId(5, nameof(NotifyFailed)),
        "Notification {Key} ({Kind}) was dropped: {Why}. Correct the webhook; nothing sends it again",
        notification.Key, notification.Kind, why);

    public static void ChecksDropped(this ILogger logger, int count) => logger.LogError(
        new EventId(6, nameof(ChecksDropped)),
        "The reconciler dropped {Count} checks: more than a run may hand on. The next health scan finds them", count);

    public static void QueueDropped(this ILogger logger, int queued, int toNotify) => logger.LogError(
        new EventId(8, nameof(QueueDropped)),
        "The reconciler was cancelled and dropped {Queued} events and {ToNotify} notifications. "
        + "The next health scan finds the instances again",
        queued, toNotify);
}
