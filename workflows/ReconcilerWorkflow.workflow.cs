using Nstance.Temporal.Workflows.Collector;
using Nstance.Temporal.Workflows.Reconciler;
using Nstance.Temporal.Workflows.Telemetry;
using Temporalio.Exceptions;
using Temporalio.Workflows;

namespace Nstance.Temporal.Workflows;

/// <summary>
/// A shard's queue of reconcile events: none is lost, none repeats within twice the health interval. Activities send
/// batches by signal-with-start. The workflow stays open when idle, so that the window and the batch keys stay known.
/// </summary>
[Workflow]
public sealed class ReconcilerWorkflow
{
    // A run takes at most 10,000 signals and 50 MB; a batch may be 200 KB. Short runs also replay fast.
    private const int SignalsPerRun = 200;
    private const int MaxSignals = 5_000;
    private const int MaxBytes = 30 * 1024 * 1024;
    private static readonly TimeSpan HostTimeout = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan NotifyTimeout = TimeSpan.FromMinutes(1);

    /// <summary>How long a cancelled run works on what is queued: a person waits for its end.</summary>
    private static readonly TimeSpan MaxDrain = TimeSpan.FromSeconds(30);

    private readonly ShardRef _shard;
    private readonly EventQueue _queue;

    // Not the workflow's token: a cancelled reconciler still works on its queue for a while.
    private CancellationTokenSource? _checking;
    private CancellationTokenSource? _sending;
    private int _signals;
    private bool _leaving;

    /// <summary>Makes the queue that signals fill before the run begins.</summary>
    /// <param name="input">Shard, and what the run before did not finish.</param>
    [WorkflowInit]
    public ReconcilerWorkflow(ReconcilerInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        _shard = input.Shard;
        _queue = new(input.State, input.HealthCheckInterval);
    }

    /// <summary>Works on the queue until cancelled; then until the queue is empty, for at most a while.</summary>
    /// <param name="input">The same as the constructor's.</param>
    /// <returns>What was left in the queue at the end.</returns>
    [WorkflowRun]
    public async Task<ReconcilerResult> RunAsync(ReconcilerInput input)
    {
        using var checking = new CancellationTokenSource();
        _checking = checking;
        // Two lanes: a receiver that does not answer must not delay checks.
        var checks = CheckLaneAsync();
        var news = NewsLaneAsync();
        var leave = Workflow.WaitConditionAsync(MustLeave, Workflow.CancellationToken);
        try
        {
            await await Workflow.WhenAnyAsync(checks, news, leave);
        }
        catch (Exception e) when (
            TemporalException.IsCanceledException(e) && Workflow.CancellationToken.IsCancellationRequested)
        {
            return await DrainAsync(checks, news);
        }

        _leaving = true;
        // The outbox keeps the notification on its way. The next run sends it again under the same key.
        _sending?.Cancel();
        await Workflow.WhenAllAsync(checks, news);
        var dropped = _queue.DropExcess();
        if (dropped > 0) Workflow.Logger.ChecksDropped(dropped);
        var next = new ReconcilerInput(_shard)
        {
            HealthCheckInterval = _queue.HealthCheckInterval,
            State = _queue.Export(Clock.Now),
        };
        throw Workflow.CreateContinueAsNewException((ReconcilerWorkflow workflow) => workflow.RunAsync(next));
    }

    /// <summary>Ends the run when the queue is empty, or after <see cref="MaxDrain"/>.</summary>
    private async Task<ReconcilerResult> DrainAsync(Task checks, Task news)
    {
        await Workflow.WaitConditionWithOptionsAsync(
            new(() => _queue.Queued + _queue.ToNotify == 0, MaxDrain, "rest of the queue", CancellationToken.None));
        _leaving = true;
        _sending?.Cancel();
        _checking!.Cancel();
        await Workflow.WhenAllAsync(checks, news);
        var dropped = new ReconcilerResult(_queue.Queued, _queue.ToNotify);
        if (dropped is not (0, 0)) Workflow.Logger.QueueDropped(dropped.Queued, dropped.ToNotify);
        return dropped;
    }

    private static Task WaitAsync(Func<bool> condition) =>
        Workflow.WaitConditionAsync(condition, CancellationToken.None);

    /// <summary>Hands over a batch; the same key is taken once.</summary>
    /// <param name="batch">At most <see cref="EventBatch.MaxEvents"/> events.</param>
    [WorkflowSignal(Description = "Hand over a batch of reconcile events; the same key is taken once.")]
    public Task EnqueueAsync(EventBatch batch)
    {
        _signals++;
        // A signal cannot be refused; one without content must not stop the workflow.
        if (batch is { Key: not null, Events: not null }) _queue.Enqueue(batch, Clock.Now);
        ShowQueue();
        return Task.CompletedTask;
    }

    /// <summary>What is waiting, and what was done.</summary>
    [WorkflowQuery(Description = "What is waiting, and what was done since the start.")]
    public ReconcilerStatus Status() => new(_queue.Queued, _queue.Totals, _queue.HostTaskQueue, _queue.ToNotify);

    private void ShowQueue() => WorkflowMetrics.Queue(_shard, _queue.Queued, _queue.ToNotify);

    private bool MustLeave() =>
        _signals >= MaxSignals
        || Workflow.CurrentHistorySize >= MaxBytes
        || ((_signals >= SignalsPerRun || Workflow.ContinueAsNewSuggested)
            && _queue.Queued + _queue.ToNotify <= EventQueue.MaxCarried);

    private async Task CheckLaneAsync()
    {
        while (true)
        {
            await WaitAsync(() => _leaving || (_queue.HasChecks && _queue.HostTaskQueue is not null));
            if (_leaving) return;
            var host = _queue.HostTaskQueue!;
            var events = _queue.Checks();
            try
            {
                var result = await Workflow.ExecuteActivityAsync(
                    (IReconcilerActivities activities) => activities.CheckInstancesAsync(
                        new(_shard, Clock.Now, events)),
                    CheckOptions(host, events.Count, _checking!.Token));
                var settled = _queue.Checked(events, result, Clock.Now);
                ShowQueue();
                if (settled) continue;
            }
            catch (Exception e) when (TemporalException.IsCanceledException(e) && _leaving)
            {
                return;
            }
            catch (ActivityFailureException e) when (!TemporalException.IsCanceledException(e))
            {
                var fault = ActivityFault.Of(e);
                Workflow.Logger.ChecksPostponed(fault.Why);
                // The checks stay queued. A lost host is not asked again before a batch names one. A host that does not
                // hold the shard now may do so after its next sync.
                if (e.InnerException is TimeoutFailureException && fault.HostLost && _queue.HostTaskQueue == host)
                    _queue.HostTaskQueue = null;
            }

            // Also after an incomplete answer: a lasting fault must not fill the history.
            await Workflow.WaitConditionWithOptionsAsync(
                new(() => _leaving, Pause, "before checks are tried again", CancellationToken.None));
        }
    }

    private async Task NewsLaneAsync()
    {
        while (true)
        {
            await WaitAsync(() => _leaving || _queue.HasNews);
            if (_leaving) return;
            if (_queue.Next(_shard, Clock.Now) is not { } notification)
            {
                ShowQueue();
                continue;
            }

            using var sending = new CancellationTokenSource();
            _sending = sending;
            try
            {
                await Workflow.ExecuteActivityAsync(
                    (IReconcilerActivities activities) => activities.NotifyAsync(notification),
                    NotifyOptions(notification, sending.Token));
                _queue.Notified(failed: false);
                ShowQueue();
            }
            catch (Exception e) when (TemporalException.IsCanceledException(e) && _leaving)
            {
                return;
            }
            catch (ActivityFailureException e) when (notification.Kind == EventQueue.Replacement
                && e.InnerException is not ApplicationFailureException { NonRetryable: true }
                && !TemporalException.IsCanceledException(e))
            {
                Workflow.Logger.ReplacementsExpired(notification, ActivityFault.Of(e).Why);
                _queue.Expired();
                ShowQueue();
            }
            catch (ActivityFailureException e) when (!TemporalException.IsCanceledException(e))
            {
                // The activity itself called this failure final: others are retried without end.
                Workflow.Logger.NotifyFailed(notification, ActivityFault.Of(e).Why);
                _queue.Notified(failed: true);
            }
            finally
            {
                _sending = null;
            }
        }
    }

    private static ActivityOptions CheckOptions(string host, int count, CancellationToken cancellation) => new()
    {
        CancellationToken = cancellation,
        TaskQueue = host,
        ScheduleToStartTimeout = HostTimeout,
        StartToCloseTimeout = TimeSpan.FromMinutes(2),
        ScheduleToCloseTimeout = TimeSpan.FromMinutes(5),
        RetryPolicy = new()
        {
            InitialInterval = TimeSpan.FromSeconds(1),
            MaximumInterval = TimeSpan.FromSeconds(30),
            MaximumAttempts = PhaseOptions.MaxAttempts,
            NonRetryableErrorTypes = PhaseOptions.FinalForHost,
        },
        Summary = $"check {count}",
    };

    private ActivityOptions NotifyOptions(Notification notification, CancellationToken cancellation)
    {
        // A replacement must not arrive hours after its verdict.
        var isReplacement = notification.Kind == EventQueue.Replacement;
        var window = _queue.Window > NotifyTimeout ? _queue.Window : NotifyTimeout;
        return new()
        {
            ScheduleToCloseTimeout = isReplacement ? window : null,
            StartToCloseTimeout = NotifyTimeout,
            RetryPolicy = new()
            {
                InitialInterval = TimeSpan.FromSeconds(1),
                MaximumInterval = isReplacement ? window / 8 : TimeSpan.FromMinutes(2),
            },
            CancellationToken = cancellation,
            Summary = $"{notification.Kind}: {notification.Events.Count}",
        };
    }
}
