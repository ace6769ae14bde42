using System.Text.Json;
using Nstance.Temporal.Activities;
using Nstance.Temporal.Workflows.Collector;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>
/// Cycles in virtual time. The phases are the real ones, on real SQLite; what GcWorkflow knows between them (approvals, sight)
/// is kept by its own code. Only the order of phases, and what follows a failure, is written here once more.
/// </summary>
internal sealed class ChaosCollector(
    ChaosWorld world, ChaosHosts hosts, ChaosOperator people, ChaosReconciler reconciler, Invariants invariants, InjectedBug bug)
{
    // As in PhaseOptions and CycleRun.
    private const int MaxAttempts = 5;
    private const int MaxHosts = 5;

    private readonly HashSet<int> _struck = [];
    private readonly List<(ChaosCall Call, Task Work, double Rate)> _zombies = [];
    private readonly Dictionary<(string Phase, int Host), Bounds> _bounds = [];
    private GcState _state = new();
    private DateTimeOffset _asOf;
    private SyncResult? _sync;
    private bool _mustSync;
    private string? _newHost;
    private int _hostsTried;

    public int Cycles { get; private set; }

    /// <returns>False: paused.</returns>
    public async Task<bool> CycleAsync(DateTimeOffset asOf)
    {
        if (people.Steer(_state, asOf) is not { } state) return false;
        (_state, _asOf, _sync, _mustSync, _hostsTried) = (state, asOf, null, true, 0);
        _bounds.Clear();
        Cycles++;
        await SyncAsync();
        var collect = await PhaseAsync("collect", needsSync: true, (gc, input) => gc.CollectAsync(input));
        if (_state.Mode?.DryRun is false) _state = Approvals.After(_state, collect, _asOf);
        var health = await PhaseAsync("health", needsSync: false, (gc, input) => gc.ScanHealthAsync(input));
        _state = GraceRules.Scanned(_state, health, _asOf);
        await PhaseAsync("purge", needsSync: false, (gc, input) => gc.PurgeRecordsAsync(input));
        await CheckAsync();
        if (health is not null) invariants.SilentAreChecked(Input("health"), health, reconciler);
        await RestoreAsync(_ => true);
        return true;
    }

    private async Task SyncAsync()
    {
        _mustSync = false;
        _sync = await PhaseAsync("sync", needsSync: false, (gc, input) => gc.SyncProviderAsync(input));
        if (_sync?.Timings is not { } timings) return;
        _state = GraceRules.Synced(_state with { Timings = timings }, _newHost, timings, _asOf);
        _newHost = null;
    }

    private PhaseInput Input(string phase) => new(Story.Shard, _asOf, _state.Timings!)
    {
        DryRun = _state.Mode!.DryRun,
        Cycle = Cycles,
        PartialPauses = _state.PartialPauses is { Count: > 0 } holds ? holds : null,
        Windows = people.Windows(),
        Grace = _state.Grace,
        Limits = people.Limits,
        Quarantine = world.Story.Setup.Quarantine,
        Approval = phase == "collect" && _state.Mode.DryRun is false ? Approvals.Valid(_state, _asOf) : null,
    };

    private async Task<T?> PhaseAsync<T>(string phase, bool needsSync, Func<GcActivities, PhaseInput, Task<T>> execute)
        where T : class
    {
        for (var attempt = 1; attempt <= MaxAttempts; attempt++)
        {
            if (!await HoldHostAsync() || world.Violation is not null) return null;
            if (phase != "sync" && _mustSync && _sync is not null) await SyncAsync();
            if (_state.Host is null) continue;
            if (needsSync && _sync is not { Suspect: null }) return null;
            world.Step = $"cycle {Cycles} {phase}, attempt {attempt}";
            var (input, bounds) = (Input(phase), BoundsOf(phase));
            var result = await AttemptAsync(phase, bounds, gc => execute(gc, bug.Input(input)));
            await RestoreAsync(rate => rate < 0.4);
            if (result is CollectResult collect) bounds.Said(collect);
            if (result is T done) return done;
            if (result is false) return null;
        }

        return null;
    }

    /// <summary>Limits hold for all attempts of a cycle together, as long as one host makes them.</summary>
    private Bounds BoundsOf(string phase)
    {
        if (_bounds.TryGetValue((phase, hosts.Current), out var bounds)) return bounds;
        return _bounds[(phase, hosts.Current)] = new Bounds(world, Input(phase), hosts.Rows() ?? [], people.Approved(_state, _asOf));
    }

    /// <returns>The result; false: failed for good; null: to be tried again.</returns>
    private async Task<object?> AttemptAsync<T>(string phase, Bounds bounds, Func<GcActivities, Task<T>> execute)
        where T : class
    {
        var call = new ChaosCall(world, phase, Strike(phase));
        var (before, path) = (hosts.Rows() ?? [], hosts.DatabasePath);
        using var busy = Strike(phase, ChaosEvent.DatabaseBusy) is null ? null : hosts.Lock();
        try
        {
            var work = WorkAsync(call, bounds, execute);
            if (await Task.WhenAny(work, call.CutOff) == work) return await work;
            _zombies.Add((call, work, call.Strike!.Rate));
            LoseHost(isDead: true);
        }
        catch (HostDied e)
        {
            if (e.Cause.Kind == ChaosEvent.HostLost) LoseHost(isDead: true);
        }
        catch (ApplicationFailureException e)
        {
            invariants.Says(e.ToString());
            if (e.ErrorType == ErrorTypes.ShardNotHeld) LoseHost(isDead: false);
            else if (e.ErrorType is ErrorTypes.Denied or ErrorTypes.BadConfiguration) return false;
        }
        catch (Exception e)
        {
            world.Violate("I0", $"a fault that nobody mapped: {e.GetType().Name}: {e.Message}");
        }
        finally
        {
            if (path == hosts.DatabasePath) invariants.RowsLeft(before, hosts.Rows() ?? []);
        }

        return null;
    }

    private async Task<T> WorkAsync<T>(ChaosCall call, Bounds bounds, Func<GcActivities, Task<T>> execute)
    {
        var (gc, reconcilers) = Activities(call, bounds);
        using (reconcilers)
        {
            var result = await execute(gc);
            Say(result);
            return result;
        }
    }

    private (GcActivities Gc, ReconcilerActivities Reconciler) Activities(ChaosCall call, Bounds bounds) => hosts.Activities(
        new ChaosCloud(world, call, invariants, bounds),
        bug.Records(new ChaosBucket(world, call, invariants, bounds), hosts.DatabasePath),
        new ChaosAudit(world, call, invariants),
        new ChaosSink(world, call, reconciler),
        world.Holding(ChaosEvent.DiskFull).Any(),
        bug.Clock ?? world.Clock);

    private async Task<bool> HoldHostAsync()
    {
        while (_state.Host is null)
        {
            if (_hostsTried++ >= MaxHosts) return false;
            world.Step = $"cycle {Cycles} acquire";
            var before = _state.LastHost;
            var timings = world.Story.Setup.Timings;
            var bounds = new Bounds(world, new(Story.Shard, _asOf, timings), [], new HashSet<string>());
            var acquired = await AttemptAsync("acquire", bounds, gc =>
                gc.AcquireShardAsync(new(Story.Shard, world.Now) { PreviousHost = before }));
            if (acquired is false) return false;
            if (acquired is not AcquireShardResult host) continue;
            _state = _state with { Host = host, LastHost = host.Host, Timings = host.Timings };
            _mustSync |= host.Host != before || host.Rebuilt;
            if (host.Host != before || host.Rebuilt) _newHost = host.Host;
        }

        return true;
    }

    private void LoseHost(bool isDead)
    {
        if (isDead) hosts.Switch();
        _state = _state with { Host = null, LastHost = _state.Host?.Host ?? _state.LastHost };
    }

    private async Task CheckAsync()
    {
        if (_state.Timings is null) return;
        for (var attempt = 1; attempt <= MaxAttempts && world.Violation is null; attempt++)
        {
            world.Step = $"cycle {Cycles} checks, attempt {attempt}";
            if (await AttemptChecksAsync()) return;
        }
    }

    private async Task<bool> AttemptChecksAsync()
    {
        var call = new ChaosCall(world, "checks", Strike("checks"));
        try
        {
            var (_, reconcilers) = Activities(call, BoundsOf("checks"));
            using (reconcilers) await reconciler.DrainAsync(reconcilers);
            return true;
        }
        catch (HostDied)
        {
            return false;
        }
        catch (ApplicationFailureException e)
        {
            invariants.Says(e.ToString());
            return e.ErrorType is ErrorTypes.ShardNotHeld or ErrorTypes.Denied;
        }
        catch (Exception e)
        {
            world.Violate("I0", $"a fault that nobody mapped: {e.GetType().Name}: {e.Message}");
            return true;
        }
    }

    /// <summary>Zombies go on, and end what they began. Nobody hears of their results.</summary>
    private async Task RestoreAsync(Func<double, bool> due)
    {
        foreach (var zombie in _zombies.Where(z => due(z.Rate)).ToArray())
        {
            _zombies.Remove(zombie);
            world.Step += ", a zombie beside it";
            zombie.Call.Restore();
            try
            {
                await zombie.Work;
            }
            catch (ApplicationFailureException e)
            {
                invariants.Says(e.ToString());
            }
            catch (Exception e)
            {
                world.Violate("I0", $"a fault that nobody mapped: {e.GetType().Name}: {e.Message}");
            }
        }
    }

    private StoryEvent? Strike(string phase, params ChaosEvent[] kinds)
    {
        var strike = world.Story.Events.FirstOrDefault(e =>
            (kinds.Length == 0 ? e.Kind is ChaosEvent.Crash or ChaosEvent.HostLost or ChaosEvent.Zombie or ChaosEvent.SlowCall : kinds.Contains(e.Kind))
            && e.Phase == phase && e.At <= world.Elapsed && !_struck.Contains(e.Number));
        if (strike is not null) _struck.Add(strike.Number);
        return strike;
    }

    private void Say(object? result)
    {
        var text = JsonSerializer.Serialize(result);
        invariants.Says(text);
        world.Trace(hosts.Nameless(text));
    }
}
