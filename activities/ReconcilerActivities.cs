using Microsoft.Extensions.Logging;
using Nstance.Temporal.Activities.Reconcile;
using Temporalio.Activities;

namespace Nstance.Temporal.Activities;

/// <summary>
/// The activities of the reconciler: checks on the host that holds the shard, notifications from any host.
/// </summary>
public sealed class ReconcilerActivities : IReconcilerActivities, IDisposable
{
    private readonly Func<CheckInstancesInput, CancellationToken, Task<CheckInstancesResult>> _check;
    private readonly Webhook? _webhook;
    private readonly ILogger _logger;

    internal ReconcilerActivities(
        Func<CheckInstancesInput, CancellationToken, Task<CheckInstancesResult>> check, WebhookSettings? webhook,
        TimeProvider time, ILogger logger)
    {
        _check = check;
        _logger = logger;
        _webhook = webhook is null ? null : new Webhook(webhook, time);
    }

    /// <inheritdoc/>
    [Activity]
    public async Task<CheckInstancesResult> CheckInstancesAsync(CheckInstancesInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var result = await _check(input, Token);
        PhaseMetrics.Checked(input.Shard, result);
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
            PhaseMetrics.Notified(notification, result);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _webhook?.Dispose();

    private static CancellationToken Token =>
        ActivityExecutionContext.HasCurrent ? ActivityExecutionContext.Current.CancellationToken : default;
}
