using Microsoft.Extensions.Logging;
using Nstance.Temporal.Activities.Audit;

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

    private static readonly Action<ILogger, string, string, string, string, string, string, Exception?>
        TerminatedMessage = LoggerMessage.Define<string, string, string, string, string, string>(
            LogLevel.Information, new(2002, "Terminated"),
            "shard={Shard} {Action}={ProviderId} instance={Instance} reason={Reason} plan={Plan}");

    public static IDisposable? Scope(this ILogger logger, ShardRef shard, int? cycle) =>
        InShard(logger, shard.Cluster, shard.Shard, cycle);

    public static void Done(this ILogger logger, string activity, int attempt, double milliseconds) =>
        DoneMessage(logger, activity, attempt, milliseconds, null);

    public static void Failed(this ILogger logger, string activity, int attempt, string why) =>
        FailedMessage(logger, activity, attempt, why, null);

    /// <summary>Logs a terminated or quarantined machine, with the id of the approved plan it was part of.</summary>
    public static void Terminated(this ILogger logger, PhaseInput input, AuditEntry entry)
    {
        var plan = entry.ApprovedBy is null ? null : input.Approval?.Hash;
        TerminatedMessage(
            logger, $"{input.Shard.Cluster}/{input.Shard.Shard}", entry.Action, OneLine.Of(entry.ProviderId ?? "-"),
            OneLine.Of(entry.Instance), entry.Reason ?? "-",
            plan?.Length > CollectPlan.IdLength ? plan[..CollectPlan.IdLength] : plan ?? "none", null);
    }

    /// <summary>Logs an event of a notification.</summary>
    public static void Event(this ILogger logger, Notification notification, ReconcileEvent e) => EventMessage(
        logger, notification.Kind, notification.Shard.Shard, OneLine.Of(e.Tenant), OneLine.Of(e.Group),
        OneLine.Of(e.InstanceId ?? "-"), OneLine.Of(e.Cause), null);
}
