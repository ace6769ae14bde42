namespace Nstance.Temporal.Workflows.Contracts;

/// <summary>What a reconcile event asks for (contract, "Reconcile event").</summary>
public enum ReconcileEventType
{
    /// <summary>Check one instance.</summary>
    CheckInstance,

    /// <summary>A group lost an instance: bring it back to its size.</summary>
    GroupChanged,
}

/// <summary>An event for the reconciler.</summary>
/// <param name="Type">What is asked.</param>
/// <param name="Tenant">Owner of the group.</param>
/// <param name="Group">The group.</param>
/// <param name="InstanceId">The instance, for <see cref="ReconcileEventType.CheckInstance"/>.</param>
/// <param name="Timestamp">The cycle's time.</param>
/// <param name="PreventDuplicate">Drop it if the same was handled within twice the health interval.</param>
/// <param name="Cause">One sentence: why.</param>
/// <param name="Attempt">Missed health intervals for a check; else 0.</param>
public sealed record ReconcileEvent(
    ReconcileEventType Type,
    string Tenant,
    string Group,
    string? InstanceId,
    DateTimeOffset Timestamp,
    bool PreventDuplicate,
    string Cause,
    int Attempt = 0);

/// <summary>Events for one shard's reconciler. At-least-once: the same <paramref name="Key"/> is taken once.</summary>
/// <param name="Key">Idempotency key, made from the cycle and the batch, the same in a retry.</param>
/// <param name="Events">At most <see cref="MaxEvents"/>.</param>
/// <param name="HostTaskQueue">Queue of the host that holds the shard now: checks need its database.</param>
/// <param name="HealthCheckInterval">Health interval in effect; null leaves the reconciler's as it is.</param>
public sealed record EventBatch(
    string Key,
    IReadOnlyList<ReconcileEvent> Events,
    string? HostTaskQueue = null,
    TimeSpan? HealthCheckInterval = null)
{
    /// <summary>The greatest number of events in a batch: keeps a signal well under Temporal's payload limit.</summary>
    public const int MaxEvents = 500;
}

/// <summary>Start of a reconciler run, and what it carries over continue-as-new.</summary>
/// <param name="Shard">The shard.</param>
public sealed record ReconcilerInput(ShardRef Shard)
{
    /// <summary>Health interval: the deduplication window is twice this. Default 60 seconds.</summary>
    public TimeSpan HealthCheckInterval { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Carried over from the run before; null at first.</summary>
    public ReconcilerState? State { get; init; }
}

/// <summary>What a reconciler run hands to the next: nothing queued is lost, nothing known is forgotten.</summary>
public sealed record ReconcilerState
{
    /// <summary>Queue of the host that sent the last batch; checks run there.</summary>
    public string? HostTaskQueue { get; init; }

    /// <summary>Events not handled yet, in order.</summary>
    public IReadOnlyList<ReconcileEvent> Queue { get; init; } = [];

    /// <summary>Instances marked for replacement that were not notified yet, in order.</summary>
    public IReadOnlyList<ReconcileEvent> Replacements { get; init; } = [];

    /// <summary>Notification on its way: sent again under the same key after continue-as-new.</summary>
    public Notification? Outbox { get; init; }

    /// <summary>Number of the last notification, part of its key.</summary>
    public long Notifications { get; init; }

    /// <summary>When a type + group + instance was handled last; older than the window is dropped.</summary>
    public IReadOnlyDictionary<string, DateTimeOffset> Handled { get; init; } =
        new SortedDictionary<string, DateTimeOffset>(StringComparer.Ordinal);

    /// <summary>Keys of batches taken lately, oldest first.</summary>
    public IReadOnlyList<string> BatchKeys { get; init; } = [];

    /// <summary>Counts since the reconciler first started.</summary>
    public ReconcilerTotals Totals { get; init; } = new();
}

/// <summary>Result of a reconciler that was cancelled: what it dropped.</summary>
/// <param name="Queued">Events that were not handled.</param>
/// <param name="ToNotify">Events that were handled and not notified.</param>
public sealed record ReconcilerResult(int Queued, int ToNotify);

/// <summary>Counts since the reconciler first started.</summary>
/// <param name="Received">Events that arrived in batches taken for the first time.</param>
/// <param name="Handled">Events handled.</param>
/// <param name="Deduplicated">Events dropped: the same was handled within the window, or is queued.</param>
/// <param name="Failed">Events whose handling failed and is not retried; named in the log.</param>
/// <param name="MarkedForReplacement">Instances that missed three or more reports while running.</param>
public sealed record ReconcilerTotals(
    long Received = 0, long Handled = 0, long Deduplicated = 0, long Failed = 0, long MarkedForReplacement = 0);

/// <summary>Answer to the reconciler's <c>Status</c> query.</summary>
/// <param name="Queued">Events waiting.</param>
/// <param name="Totals">Counts since the reconciler first started.</param>
/// <param name="HostTaskQueue">Queue of the host that checks run on; null: no batch has named one.</param>
/// <param name="ToNotify">Events that were handled and not yet notified.</param>
public sealed record ReconcilerStatus(int Queued, ReconcilerTotals Totals, string? HostTaskQueue, int ToNotify);

/// <summary>Input of <c>CheckInstances</c>.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="AsOf">The workflow's time.</param>
/// <param name="Events">Checks to make, in one batch.</param>
public sealed record CheckInstancesInput(ShardRef Shard, DateTimeOffset AsOf, IReadOnlyList<ReconcileEvent> Events);

/// <summary>What a check found.</summary>
public enum CheckVerdict
{
    /// <summary>Unhealthy or gone; the row says so now and the next cycle collects it.</summary>
    Collectable,

    /// <summary>Running, but three or more reports are missing: should be replaced.</summary>
    Replace,

    /// <summary>Running and not late enough, or reporting again.</summary>
    Fine,

    /// <summary>Could not tell; asked again when the next scan finds it stale.</summary>
    Unknown,
}

/// <summary>One checked instance.</summary>
/// <param name="InstanceId">The instance.</param>
/// <param name="Verdict">What was found.</param>
/// <param name="Why">One sentence.</param>
public sealed record CheckedInstance(string InstanceId, CheckVerdict Verdict, string Why);

/// <summary>Outcome of <c>CheckInstances</c>, in the order of its input.</summary>
/// <param name="Instances">One for each event.</param>
public sealed record CheckInstancesResult(IReadOnlyList<CheckedInstance> Instances);

/// <summary>A message that <c>Notify</c> sends to the configured webhook, or to the log.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="Kind"><c>GroupChanged</c> or <c>ReplaceInstance</c>.</param>
/// <param name="Events">The events behind it.</param>
/// <param name="Key">Idempotency key for the receiver.</param>
public sealed record Notification(ShardRef Shard, string Kind, IReadOnlyList<ReconcileEvent> Events, string Key);
