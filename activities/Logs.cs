using Microsoft.Extensions.Logging;

namespace Nstance.Temporal.Activities;

/// <summary>Every log message of the activities. Event ids are stable: 2000 to 2099, and 3001.</summary>
internal static class Logs
{
    // Defined by hand: the logging package that Temporalio brings has no source generator.
    private static readonly Func<ILogger, string, string, int?, IDisposable?> InShard =
        LoggerMessage.DefineScope<string, string, int?>("{Cluster}/{Shard} cycle {Cycle}");

    private static readonly Action<ILogger, string, int, double, Exception?> DoneMessage =
        LoggerMessage.Define<string, int, double>(
            LogLevel.Debug, new(2000, "Ended"), "{Activity}, attempt {Attempt}: done in {Milliseconds:0} ms");

    private static readonly Action<ILogger, string, int, string, Exception?> FailedMessage =
        LoggerMessage.Define<string, int, string>(
            LogLevel.Warning, new(2001, "Failed"), "{Activity}, attempt {Attempt}: {Why}");

    private static readonly Action<ILogger, string, string, string, string, string, string, Exception?> EventMessage =
        LoggerMessage.Define<string, string, string, string, string, string>(
            LogLevel.Information, new(3001, "Told"),
            "{Kind} in shard {Shard}: group {Tenant}/{Group}, instance {Instance}: {Cause}");

    public static IDisposable? Scope(this ILogger logger, ShardRef shard, int? cycle) =>
        InShard(logger, shard.Cluster, shard.Shard, cycle);

    public static void Done(this ILogger logger, string activity, int attempt, double milliseconds) =>
        DoneMessage(logger, activity, attempt, milliseconds, null);

    public static void Failed(this ILogger logger, string activity, int attempt, string why) =>
        FailedMessage(logger, activity, attempt, why, null);

    /// <summary>An event of a notification, when there is no webhook.</summary>
    public static void Event(this ILogger logger, Notification notification, ReconcileEvent e) => EventMessage(
        logger, notification.Kind, notification.Shard.Shard, OneLine.Of(e.Tenant), OneLine.Of(e.Group),
        OneLine.Of(e.InstanceId ?? "-"), OneLine.Of(e.Cause), null);
}
