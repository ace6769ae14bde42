namespace Nstance.Temporal.Workflows.Reconciler;

/// <summary>
/// What the reconciler still has to do, and what it did lately. Pure: the time comes from the caller.
/// Every received event is at any time queued, handled, merged with an equal one, or counted as failed.
/// </summary>
internal sealed class EventQueue
{
    /// <summary>Checks in one activity, and events in one notification.</summary>
    public const int BatchSize = 100;

    /// <summary>Events that may travel with continue-as-new: keeps the input under Temporal's 2 MB.</summary>
    public const int MaxCarried = 2_000;

    /// <summary>Kind of a notification of instances that should be replaced.</summary>
    public const string Replacement = "ReplaceInstance";

    // A sender retries within its cycle; these cover days of them.
    private const int MaxBatchKeys = 500;
    private const int MaxHandled = 5_000;

    private readonly List<ReconcileEvent> _queue;
    private List<ReconcileEvent> _replacements;
    private readonly List<string> _batchKeys;
    private Dictionary<string, DateTimeOffset> _handled;
    private long _notifications;

    public EventQueue(ReconcilerState? state, TimeSpan healthCheckInterval)
    {
        state ??= new();
        _queue = [.. state.Queue];
        _replacements = [.. state.Replacements];
        _handled = new(state.Handled, StringComparer.Ordinal);
        _batchKeys = [.. state.BatchKeys];
        _notifications = state.Notifications;
        Outbox = state.Outbox;
        HostTaskQueue = state.HostTaskQueue;
        Totals = state.Totals;
        HealthCheckInterval = healthCheckInterval;
    }

    public string? HostTaskQueue { get; set; }

    public TimeSpan HealthCheckInterval { get; private set; }

    public Notification? Outbox { get; private set; }

    public ReconcilerTotals Totals { get; private set; }

    public int Queued => _queue.Count;

    public int ToNotify => _replacements.Count + (Outbox?.Events.Count ?? 0);

    public bool HasChecks => _queue.Exists(IsCheck);

    public bool HasNews => Outbox is not null || _replacements.Count > 0 || _queue.Exists(e => !IsCheck(e));

    /// <summary>A verdict is true for this time. Within it, an equal check is not made again.</summary>
    public TimeSpan Window => HealthCheckInterval * 2;

    /// <summary>Adds a batch once; merges events that are queued already or were handled within the window.</summary>
    public void Enqueue(EventBatch batch, DateTimeOffset now)
    {
        HostTaskQueue = batch.HostTaskQueue ?? HostTaskQueue;
        if (batch.HealthCheckInterval > TimeSpan.Zero) HealthCheckInterval = batch.HealthCheckInterval.Value;
        if (_batchKeys.Contains(batch.Key)) return;
        _batchKeys.Add(batch.Key);
        if (_batchKeys.Count > MaxBatchKeys) _batchKeys.RemoveAt(0);

        Forget(now);
        var positions = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < _queue.Count; i++) positions[KeyOf(_queue[i])] = i;
        foreach (var item in batch.Events)
        {
            var key = KeyOf(item);
            Totals = Totals with { Received = Totals.Received + 1 };
            if (IsCheck(item) && item.InstanceId is null)
            {
                // It names no instance, so no host could answer it.
                Totals = Totals with { Failed = Totals.Failed + 1 };
            }
            else if (positions.TryGetValue(key, out var at))
            {
                // The newer event has the later count of missed reports. The older one has the better place.
                _queue[at] = item;
                Totals = Totals with { Deduplicated = Totals.Deduplicated + 1 };
            }
            else if (item.PreventDuplicate && _handled.ContainsKey(key))
            {
                Totals = Totals with { Deduplicated = Totals.Deduplicated + 1 };
            }
            else
            {
                positions[key] = _queue.Count;
                _queue.Add(item);
            }
        }
    }

    /// <summary>The oldest checks; they stay queued until <see cref="Checked"/>.</summary>
    public IReadOnlyList<ReconcileEvent> Checks() => [.. _queue.Where(IsCheck).Take(BatchSize)];

    /// <summary>Settles checks that were made; one without a verdict stays queued. False: there was one.</summary>
    public bool Checked(IReadOnlyList<ReconcileEvent> checks, CheckInstancesResult result, DateTimeOffset now)
    {
        var verdicts = new Dictionary<string, CheckedInstance>(StringComparer.Ordinal);
        foreach (var instance in result.Instances) verdicts[instance.InstanceId] = instance;
        var done = new HashSet<string>(StringComparer.Ordinal);
        foreach (var check in checks)
        {
            if (check.InstanceId is null || !verdicts.TryGetValue(check.InstanceId, out var verdict)) continue;
            if (!done.Add(KeyOf(check))) continue;
            Handle(check, now);
            if (verdict.Verdict != CheckVerdict.Replace)
            {
                // The newest verdict counts.
                var withdrawn = _replacements.RemoveAll(e => KeyOf(e) == KeyOf(check));
                Totals = Totals with { MarkedForReplacement = Totals.MarkedForReplacement - withdrawn };
                continue;
            }

            if (_replacements.Exists(e => KeyOf(e) == KeyOf(check))) continue;
            _replacements.Add(check with { Cause = ActivityFault.Cut(verdict.Why) });
            Totals = Totals with { MarkedForReplacement = Totals.MarkedForReplacement + 1 };
        }

        _queue.RemoveAll(e => done.Contains(KeyOf(e)));
        return done.Count == checks.Count;
    }

    /// <summary>The notification to send. Its key is the same however often it is sent, also by the next run.</summary>
    public Notification? Next(ShardRef shard, DateTimeOffset now)
    {
        if (Outbox is not null) return Outbox;
        List<ReconcileEvent> changed = [.. _queue.Where(e => !IsCheck(e)).Take(BatchSize)];
        if (changed.Count > 0)
        {
            // The event leaves the queue now: an equal one that arrives during the send is news again.
            _queue.RemoveAll(changed.Contains);
            foreach (var change in changed) Handle(change, now);
            return Outbox = Form(nameof(ReconcileEventType.GroupChanged), changed);
        }

        var isOld = _replacements.ToLookup(e => !_handled.TryGetValue(KeyOf(e), out var at) || now - at >= Window);
        CheckAgain([.. isOld[true]]);
        _replacements = [.. isOld[false]];
        List<ReconcileEvent> replace = [.. _replacements.Take(BatchSize)];
        if (replace.Count == 0) return null;
        _replacements.RemoveRange(0, replace.Count);
        return Outbox = Form(Replacement, replace);

        Notification Form(string kind, IReadOnlyList<ReconcileEvent> events) =>
            new(shard, kind, events, $"{kind}/{now:yyyyMMddTHHmmssfff}/{++_notifications}");
    }

    /// <summary>The notification arrived, or can never arrive.</summary>
    public void Notified(bool failed)
    {
        if (failed) Totals = Totals with { Failed = Totals.Failed + (Outbox?.Events.Count ?? 0) };
        Outbox = null;
    }

    /// <summary>
    /// The replacements did not arrive in time: their agents may report by now, so they are checked again.
    /// </summary>
    public void Expired()
    {
        CheckAgain(Outbox?.Events ?? []);
        Outbox = null;
    }

    /// <summary>
    /// Drops the newest checks beyond what a run may hand on, and returns how many. The next health scan finds them
    /// again. A changed group is never dropped.
    /// </summary>
    public int DropExcess()
    {
        var dropped = 0;
        for (var i = _queue.Count - 1; i >= 0 && _queue.Count > MaxCarried; i--)
        {
            if (!IsCheck(_queue[i])) continue;
            _queue.RemoveAt(i);
            dropped++;
        }

        Totals = Totals with { Failed = Totals.Failed + dropped };
        return dropped;
    }

    public ReconcilerState Export(DateTimeOffset now)
    {
        Forget(now);
        return new()
        {
            HostTaskQueue = HostTaskQueue,
            Queue = [.. _queue],
            Replacements = [.. _replacements],
            Outbox = Outbox,
            Notifications = _notifications,
            Handled = new SortedDictionary<string, DateTimeOffset>(_handled, StringComparer.Ordinal),
            BatchKeys = [.. _batchKeys],
            Totals = Totals,
        };
    }

    internal static string KeyOf(ReconcileEvent item) => $"{item.Type}|{item.Tenant}|{item.Group}|{item.InstanceId}";

    private static bool IsCheck(ReconcileEvent item) => item.Type == ReconcileEventType.CheckInstance;

    private void CheckAgain(IReadOnlyCollection<ReconcileEvent> replacements)
    {
        var queued = _queue.Select(KeyOf).ToHashSet();
        List<ReconcileEvent> added = [.. replacements.Where(e => !queued.Contains(KeyOf(e)))];
        _queue.AddRange(added);
        Totals = Totals with
        {
            Handled = Totals.Handled - replacements.Count,
            Deduplicated = Totals.Deduplicated + replacements.Count - added.Count,
            MarkedForReplacement = Totals.MarkedForReplacement - replacements.Count,
        };
    }

    private void Handle(ReconcileEvent item, DateTimeOffset now)
    {
        _handled[KeyOf(item)] = now;
        Totals = Totals with { Handled = Totals.Handled + 1 };
    }

    private void Forget(DateTimeOffset now)
    {
        var known = _handled.Where(p => now - p.Value < Window)
            .OrderByDescending(p => p.Value).ThenByDescending(p => p.Key, StringComparer.Ordinal);
        _handled = new(known.Take(MaxHandled), StringComparer.Ordinal);
    }
}
