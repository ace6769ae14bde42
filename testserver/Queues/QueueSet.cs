using Nstance.Temporal.TestServer.Binding;
using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Lifecycle;

namespace Nstance.Temporal.TestServer.Queues;

/// <summary>
/// All queues of one kind, and how items and pollers meet.
/// <paramref name="start"/> turns an item into the answer of a poll.
/// </summary>
internal sealed class QueueSet<TItem>(
    ServerEngine engine, Func<TItem, Poller, object?> start, Action<TItem, object> giveBack)
    where TItem : class, IQueueItem
{
    /// <summary>A worker that polled this recently is counted as present: it may be between two polls.</summary>
    public static readonly TimeSpan Recent = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan MaxPoll = TimeSpan.FromSeconds(60);

    private readonly Dictionary<(string Namespace, string Name), TaskQueue<TItem>> _queues = new();
    private long _entries;

    public IEnumerable<TaskQueue<TItem>> All => _queues.Values;

    public TaskQueue<TItem> this[string ns, string name]
    {
        get
        {
            if (!_queues.TryGetValue((ns, name), out var queue))
                _queues[(ns, name)] = queue = new(ns, name);
            return queue;
        }
    }

    public TaskQueue<TItem>? Find(string ns, string name) => _queues.GetValueOrDefault((ns, name));

    public void Drop(string ns, string name) => _queues.Remove((ns, name));

    public long NextEntry() => ++_entries;

    /// <summary>
    /// Hands an item to a waiting poller, or lets it wait under entry number <paramref name="entry"/>.
    /// </summary>
    public void Offer(TaskQueue<TItem> queue, TItem item, long entry, bool front = false)
    {
        while (queue.NextPoller() is { } poller)
        {
            queue.Touch(poller.Identity, engine.Clock.RealNow);
            if (start(item, poller) is not { } answer)
                return;
            if (poller.TryAnswer(answer))
                return;
            giveBack(item, answer);
            return;
        }
        queue.Put(item, entry, front);
    }

    /// <summary>Serves one long poll; null when it expired or the server stops.</summary>
    public async Task<object?> Poll(string ns, string name, string identity, string worker, RpcCall call)
    {
        TaskQueue<TItem> queue;
        LinkedListNode<Poller> node;
        var poller = new Poller(engine, identity, worker, name);
        using (engine.Enter())
        {
            engine.Namespaces.Require(ns);
            if (name.Length == 0)
                throw Fault.InvalidArgument("taskQueue is not set");
            StartRules.Queue(name);
            if (engine.Workers.IsShutDown(worker))
                return null;
            queue = this[ns, name];
            queue.Touch(identity, engine.Clock.RealNow);
            while (queue.Take() is { } item)
            {
                if (start(item, poller) is { } answer)
                    return answer;
            }
            node = queue.Wait(poller);
        }
        using var end = CancellationTokenSource.CreateLinkedTokenSource(call.Cancellation, engine.Stopping.Token);
        end.CancelAfter(call.Patience(MaxPoll));
        await using (end.Token.UnsafeRegister(_ => Expire(queue, node), null))
        {
            return await poller.Answer;
        }
    }

    /// <summary>Answers all polls of a worker that is shutting down, empty.</summary>
    public void Release(Func<TaskQueue<TItem>, Poller, bool> which)
    {
        foreach (var queue in _queues.Values)
        {
            foreach (var poller in queue.Pollers.Where(each => which(queue, each)).ToList())
                poller.TryAnswer(null);
        }
    }

    private void Expire(TaskQueue<TItem> queue, LinkedListNode<Poller> node)
    {
        using (engine.Enter())
        {
            queue.Leave(node);
            if (node.Value.TryAnswer(null))
                queue.Touch(node.Value.Identity, engine.Clock.RealNow);
        }
    }
}
