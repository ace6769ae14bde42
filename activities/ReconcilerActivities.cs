using Microsoft.Extensions.Logging;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Reconcile;
using Nstance.Temporal.Activities.Telemetry;
using Temporalio.Activities;

namespace Nstance.Temporal.Activities;

/// <summary>The database and the cloud of a shard that this host holds, for one check.</summary>
internal sealed record HeldShard(ShardDatabase Database, ICloud Cloud, TimeSpan HealthCheckInterval) : IDisposable
{
    public void Dispose() => Database.Dispose();
}

/// <summary>What the reconciler does: checks on the host that holds the shard, news to the outside from any host.</summary>
public sealed class ReconcilerActivities : IReconcilerActivities, IDisposable
{
    private readonly Func<ShardRef, CancellationToken, Task<HeldShard>> _open;
    private readonly Webhook? _webhook;
    private readonly ILogger _logger;

    internal ReconcilerActivities(
        Func<ShardRef, CancellationToken, Task<HeldShard>> open, WebhookSettings? webhook, TimeProvider time, ILogger logger)
    {
        (_open, _logger) = (open, logger);
        _webhook = webhook is null ? null : new Webhook(webhook, time);
    }

    /// <inheritdoc/>
    [Activity]
    public async Task<CheckInstancesResult> CheckInstancesAsync(CheckInstancesInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var ct = Token;
        using var held = await _open(input.Shard, ct);
        var result = await Failures.MapAsync(
            isAcquire: false, () => new CheckPhase(held.Database, held.Cloud, held.HealthCheckInterval).RunAsync(input, ct));
        ReconcilerMetrics.Checked(input.Shard, result);
        return result;
    }

    /// <inheritdoc/>
    [Activity]
    public async Task NotifyAsync(Notification notification)
    {
        ArgumentNullException.ThrowIfNull(notification);
        var result = "failed";
        try
        {
            if (_webhook is not null)
            {
                await _webhook.SendAsync(notification, Token);
            }
            else
            {
                foreach (var e in notification.Events)
                    Log.Told(_logger, notification.Kind, notification.Shard.Shard, e.Tenant, e.Group, e.InstanceId ?? "-", e.Cause);
            }

            result = "ok";
        }
        finally
        {
            ReconcilerMetrics.Notified(notification, result);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _webhook?.Dispose();

    private static CancellationToken Token =>
        ActivityExecutionContext.HasCurrent ? ActivityExecutionContext.Current.CancellationToken : default;
}

/// <summary>What is logged when there is no webhook. Defined by hand: the source generator comes with a package we lack.</summary>
internal static class Log
{
    private static readonly Action<ILogger, string, string, string, string, string, string, Exception?> ToldMessage =
        LoggerMessage.Define<string, string, string, string, string, string>(
            LogLevel.Information, new EventId(3001, nameof(Told)),
            "{Kind} in shard {Shard}: group {Tenant}/{Group}, instance {Instance}: {Cause}");

    public static void Told(
        ILogger logger, string kind, string shard, string tenant, string group, string instance, string cause) =>
        ToldMessage(
            logger, kind, shard, OneLine.Of(tenant), OneLine.Of(group), OneLine.Of(instance), OneLine.Of(cause), null);
}
