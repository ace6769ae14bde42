using Microsoft.Extensions.Logging;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Reconcile;
using Temporalio.Activities;

namespace Nstance.Temporal.Activities;

/// <summary>Database and cloud of a shard that this host holds, for one check.</summary>
internal sealed record HeldShard(ShardDatabase Database, ICloud Cloud, TimeSpan HealthCheckInterval) : IDisposable
{
    public void Dispose() => Database.Dispose();
}

/// <summary>
/// The activities of the reconciler: checks on the host that holds the shard, notifications from any host.
/// </summary>
public sealed class ReconcilerActivities : IReconcilerActivities, IDisposable
{
    private readonly Func<ShardRef, CancellationToken, Task<HeldShard>> _open;
    private readonly Webhook? _webhook;
    private readonly ILogger _logger;

    internal ReconcilerActivities(
        Func<ShardRef, CancellationToken, Task<HeldShard>> open, WebhookSettings? webhook, TimeProvider time,
        ILogger logger)
    {
        _open = open;
        _logger = logger;
        _webhook = webhook is null ? null : new Webhook(webhook, time);
    }

    /// <inheritdoc/>
    [Activity]
    public async Task<CheckInstancesResult> CheckInstancesAsync(CheckInstancesInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var ct = Token;
        using var held = await _open(input.Shard, ct);
        var check = new CheckPhase(held.Database, held.Cloud, held.HealthCheckInterval);
        var result = await Failures.MapAsync(isAcquire: false, () => check.RunAsync(input, ct));
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
                foreach (var e in notification.Events) _logger.Event(notification, e);
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
