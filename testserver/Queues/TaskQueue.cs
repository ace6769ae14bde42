using Nstance.Temporal.TestServer.Engine;

namespace Nstance.Temporal.TestServer.Queues;

/// <summary>Something a worker may take from a queue.</summary>
internal interface IQueueItem
{
    /// <summary>Whether it still waits to be taken from the queue with this entry number.</summary>
    bool Waits(long entry);
}

/// <summary>One long poll: answered with what became of an item, or with null when it expires.</summary>
internal sealed class Poller(ServerEngine engine, string identity, string worker, string queueName)
{
    // Ended outside the engine's lock only, hence without a thread of its own for what follows.
    private readonly TaskCompletionSource<object?> _answer = new();

    public string Identity { get; } = identity;

    /// <summary>The worker's instance key, which ShutdownWorker names.</summary>
    public string Worker { get; } = worker;

    public string QueueName { get; } = queueName;

    public Task<object?> Answer => _answer.Task;

    public bool IsAnswered { get; private set; }

    /// <summary>Needs the engine's lock; the waiting caller goes on when that is free.</summary>
    public bool TryAnswer(object? answer)
    {
        if (IsAnswered)
            return false;
        IsAnswered = true;
        engine.Afterwards(() => _answer.SetResult(answer));
        return true;
    }
}

/// <summary>
/// A queue of one name and kind: waiting items or waiting pollers, never both. Items that were withdrawn are skipped
/// when their turn comes (each entry has a number, and an item knows the number under which it waits).
/// </summary>
internal sealed class TaskQueue<TItem>(string ns, string name)
    where TItem : class, IQueueItem
{
    private readonly LinkedList<Poller> _pollers = new();
    private readonly LinkedList<(TItem Item, long Entry)> _items = new();
    private readonly Dictionary<string, DateTimeOffset> _seen = new();

    public string Namespace { get; } = ns;

    public string Name { get; } = name;

    /// <summary>Identities that polled, with the (real) time of the last poll.</summary>
    public IReadOnlyDictionary<string, DateTimeOffset> Seen => _seen;

    public DateTimeOffset LastPoll { get; private set; } = DateTimeOffset.MinValue;

    public bool HasPoller => _pollers.Count > 0;

    public IEnumerable<Poller> Pollers => _pollers;

    public int Backlog => _items.Count(each => each.Item.Waits(each.Entry));

    public bool HasBacklog
    {
        get
        {
            Prune();
            return _items.Count > 0;
        }
    }

    public IEnumerable<TItem> Waiting => _items.Where(each => each.Item.Waits(each.Entry)).Select(each => each.Item);

    /// <summary>
    /// Whether a worker waits here now, or polled within <paramref name="span"/> and is likely between two polls.
    /// </summary>
    public bool IsLive(DateTimeOffset now, TimeSpan span) => HasPoller || now - LastPoll < span;

    public void Touch(string identity, DateTimeOffset now)
    {
        LastPoll = now;
        _seen[identity] = now;
    }

    /// <summary>
    /// Whether any worker polls now or polled after <paramref name="time"/>, even one that has shut down since.
    /// </summary>
    public bool SeenSince(DateTimeOffset time) => HasPoller || _seen.Values.Any(each => each > time);

    /// <summary>Treats the queue as one without workers, for example after its last worker shut down.</summary>
    public void Forget() => LastPoll = DateTimeOffset.MinValue;

    public TItem? Take()
    {
        Prune();
        if (_items.First is not { } first)
            return null;
        _items.RemoveFirst();
        return first.Value.Item;
    }

    public void Put(TItem item, long entry, bool front = false)
    {
        if (front)
            _items.AddFirst((item, entry));
        else
            _items.AddLast((item, entry));
    }

    public LinkedListNode<Poller> Wait(Poller poller) => _pollers.AddLast(poller);

    public void Leave(LinkedListNode<Poller> node)
    {
        if (node.List == _pollers)
            _pollers.Remove(node);
    }

    /// <summary>The poller that has waited longest, taken out; null when none waits.</summary>
    public Poller? NextPoller()
    {
        while (_pollers.First is { } first)
        {
            _pollers.RemoveFirst();
            if (!first.Value.IsAnswered)
                return first.Value;
        }
        return null;
    }

    private void Prune()
    {
        while (_items.First is { } first && !first.Value.Item.Waits(first.Value.Entry))
            _items.RemoveFirst();
    }
}
