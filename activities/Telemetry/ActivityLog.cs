using Microsoft.Extensions.Logging;

namespace Nstance.Temporal.Activities.Telemetry;

/// <summary>Log messages around activities. Event ids are stable: 2000 to 2099.</summary>
internal static class ActivityLog
{
    // Defined by hand: the logging package that Temporalio brings here has no source generator.
    private static readonly Func<ILogger, string, string, int?, IDisposable?> InShard =
        LoggerMessage.DefineScope<string, string, int?>("{Cluster}/{Shard} cycle {Cycle}");

    private static readonly Action<ILogger, string, int, double, Exception?> EndedMessage = LoggerMessage.Define<string, int, double>(
        LogLevel.Debug, new(2000, nameof(Ended)), "{Activity}, attempt {Attempt}: done in {Milliseconds:0} ms");

    private static readonly Action<ILogger, string, int, string, Exception?> FailedMessage = LoggerMessage.Define<string, int, string>(
        LogLevel.Warning, new(2001, nameof(Failed)), "{Activity}, attempt {Attempt}: {Why}");

    public static IDisposable? Scope(ILogger logger, ShardRef shard, int? cycle) => InShard(logger, shard.Cluster, shard.Shard, cycle);

    public static void Ended(ILogger logger, string activity, int attempt, double milliseconds) =>
        EndedMessage(logger, activity, attempt, milliseconds, null);

    public static void Failed(ILogger logger, string activity, int attempt, string why) =>
        FailedMessage(logger, activity, attempt, why, null);
}
