using Microsoft.Extensions.Logging;

namespace Nstance.Temporal.Workflows;

/// <summary>Every log message of the workflows. Few: the report and the current details say the rest.</summary>
internal static class Logs
{
    // Defined by hand: the logging package that Temporalio brings here has no source generator.
    private static readonly Func<ILogger, string, string, int, IDisposable?> InCycleScope =
        LoggerMessage.DefineScope<string, string, int>("{Cluster}/{Shard} cycle {Cycle}");

    private static readonly Action<ILogger, int, string, string, Exception?> CycleEndedMessage =
        LoggerMessage.Define<int, string, string>(
            LogLevel.Information, new(1, "CycleEnded"), "Cycle {Cycle} ended: {Outcome}. {Problems}");

    private static readonly Action<ILogger, int, string, string, Exception?> HostLostMessage =
        LoggerMessage.Define<int, string, string>(
            LogLevel.Warning, new(2, "HostLost"), "Cycle {Cycle} lost host {Host}: {Why}");

    private static readonly Action<ILogger, string, string, Exception?> SteeredMessage =
        LoggerMessage.Define<string, string>(LogLevel.Information, new(3, "Steered"), "{Steer} by {By}");

    private static readonly Action<ILogger, string, Exception?> ChecksPostponedMessage =
        LoggerMessage.Define<string>(LogLevel.Warning, new(4, "ChecksPostponed"), "Checks stay queued: {Why}");

    private static readonly Action<ILogger, string, string, string, Exception?> NotifyFailedMessage =
        LoggerMessage.Define<string, string, string>(
            LogLevel.Error, new(5, "NotifyFailed"), "Notification {Key} ({Kind}) failed for good: {Why}");

    private static readonly Action<ILogger, int, Exception?> ChecksDroppedMessage =
        LoggerMessage.Define<int>(
            LogLevel.Error, new(6, "ChecksDropped"), "{Count} checks dropped: more than a run may hand on; the next scan finds them");

    public static IDisposable? InCycle(this ILogger logger, ShardRef shard, int cycle) => InCycleScope(logger, shard.Cluster, shard.Shard, cycle);

    public static void CycleEnded(this ILogger logger, int cycle, string outcome, string problems) =>
        CycleEndedMessage(logger, cycle, outcome, problems, null);

    public static void HostLost(this ILogger logger, int cycle, string host, string why) =>
        HostLostMessage(logger, cycle, host, why, null);

    public static void Steered(this ILogger logger, string steer, string by) => SteeredMessage(logger, steer, by, null);

    public static void ChecksPostponed(this ILogger logger, string why) => ChecksPostponedMessage(logger, why, null);

    public static void NotifyFailed(this ILogger logger, string key, string kind, string why) =>
        NotifyFailedMessage(logger, key, kind, why, null);

    public static void ChecksDropped(this ILogger logger, int count) => ChecksDroppedMessage(logger, count, null);
}
