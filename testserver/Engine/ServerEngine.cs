using Nstance.Temporal.TestServer.Binding;
using Nstance.Temporal.TestServer.Clock;
using Nstance.Temporal.TestServer.Hosting;
using Nstance.Temporal.TestServer.Runs;

namespace Nstance.Temporal.TestServer.Engine;

/// <summary>
/// All state of a server behind one lock (a trial showed it to be fast enough, and nothing simpler is as easy to reason
/// about). Rooms hold a reference to it, register their RPCs in <see cref="Rpc"/>, and touch state only inside
/// <see cref="Enter"/>.
/// </summary>
internal sealed partial class ServerEngine : IDisposable
{
    private readonly object _gate = new();
    private readonly Queue<Action> _deferred = new();
    private List<Action>? _afterwards;
    private int _depth;

    public ServerEngine(TemporalTestServerOptions options)
    {
        Options = options;
        Clock = new(options.TimeProvider, options.TimeSkipping, Wake);
        Runs = new(this);
        Compose();
    }

    public TemporalTestServerOptions Options { get; }

    public ServerLimits Limits => Options.Limits;

    public RpcTable Rpc { get; } = new();

    public VirtualClock Clock { get; }

    public RunStore Runs { get; }

    /// <summary>Cancelled when the server stops, so that long polls end.</summary>
    public CancellationTokenSource Stopping { get; } = new();

    /// <summary>Takes the lock. When the outermost scope ends, deferred work runs and due alarms ring.</summary>
    public Scope Enter()
    {
        Monitor.Enter(_gate);
        _depth++;
        return new(this);
    }

    /// <summary>Runs <paramref name="action"/> after the present change is complete, still under the lock.</summary>
    public void Defer(Action action) => _deferred.Enqueue(action);

    /// <summary>
    /// Runs <paramref name="action"/> on this thread when the lock is free again: answers go out without waking another
    /// thread, which costs more than writing them.
    /// </summary>
    public void Afterwards(Action action) => (_afterwards ??= []).Add(action);

    /// <summary>
    /// Lets happen now what would happen when the lock is given back: deferred work, due alarms, a jump of time.
    /// </summary>
    public void Advance()
    {
        if (!Stopping.IsCancellationRequested)
            Clock.Pump(IsIdle, Settle);
    }

    public void Stop() => Stopping.Cancel();

    public void Dispose()
    {
        Clock.Dispose();
        Stopping.Dispose();
    }

    private void Wake()
    {
        if (Stopping.IsCancellationRequested)
            return;
        using (Enter())
            Clock.Rang();
    }

    private void Settle()
    {
        while (_deferred.TryDequeue(out var action))
            action();
    }

    private void Leave()
    {
        List<Action>? afterwards = null;
        try
        {
            if (_depth == 1)
                Advance();
        }
        finally
        {
            if (_depth == 1)
            {
                afterwards = _afterwards;
                _afterwards = null;
            }
            _depth--;
            Monitor.Exit(_gate);
            afterwards?.ForEach(action => action());
        }
    }

    internal readonly struct Scope(ServerEngine engine) : IDisposable
    {
        public void Dispose() => engine.Leave();
    }
}
