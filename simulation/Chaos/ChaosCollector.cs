using System.Text.Json;
using Nstance.Temporal.Activities;
using Nstance.Temporal.Workflows;
using Nstance.Temporal.Workflows.Collector;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>
/// Cycles in virtual time. The collector's own <see cref="Cycle"/> orders the phases and decides what follows
/// a failure. The phases are the real ones, on real SQLite. This class adds retries, crashes and zombies.
/// </summary>
internal sealed class ChaosCollector(
    ChaosWorld world, ChaosHosts hosts, ChaosOperator people, ChaosReconciler reconciler, Invariants invariants,
    InjectedBug bug) : ICycleSteps
{
    private readonly CollectorState _collector = new(new GcInput(Story.Shard));
    private readonly HashSet<int> _struck = [];
    private readonly List<(ChaosCall Call, Task Work, double Rate)> _zombies = [];
    private readonly Dictionary<(string Phase, int Host), Bounds> _bounds = [];
    private PhaseInput? _scan;

    public int Cycles => _collector.State.Cycle;

    public DateTimeOffset Now => world.Now;

    public bool IsStopped => world.Violation is not null;

    public bool IsCancelled => false;

    // In acquire and checks nothing may be terminated or deleted, as in a dry run.
    private Bounds NoTermination => new(
        world, new(Story.Shard, world.Now, world.Story.Setup.Timings) { DryRun = true }, [], new HashSet<string>());

    /// <returns>False: paused.</returns>
    public async Task<bool> CycleAsync(DateTimeOffset asOf)
    {
        if (people.Steer(_collector.State, asOf) is not { } state) return false;
        _collector.State = state;
        _collector.Settings = people.Settings();
        _collector.BeginCycle(asOf);
        _bounds.Clear();
        var report = await new Cycle(_collector, this, _collector.DryRun, asOf).RunAsync();
        _collector.EndCycle(report, world.Now);
        await CheckAsync();
        if (report.Health is { } health) invariants.SilentAreChecked(_scan!, health, reconciler);
        await RestoreAsync(_ => true);
        return true;
    }

    public Task<PhaseOutcome<AcquireShardResult>> AcquireAsync(AcquireShardInput input, PhaseContext context) =>
        RetryAsync(context.Phase, NoTermination, PhaseOptions.FinalForAll, gc => gc.AcquireShardAsync(input));

    public Task<PhaseOutcome<SyncResult>> SyncAsync(PhaseInput input, PhaseContext context) =>
        PhaseAsync(context.Phase, input, (gc, planted) => gc.SyncProviderAsync(planted));

    public Task<PhaseOutcome<CollectResult>> CollectAsync(PhaseInput input, PhaseContext context) =>
        PhaseAsync(context.Phase, input, (gc, planted) => gc.CollectAsync(planted));

    public Task<PhaseOutcome<HealthScanResult>> ScanHealthAsync(PhaseInput input, PhaseContext context)
    {
        _scan = input;
        return PhaseAsync(context.Phase, input, (gc, planted) => gc.ScanHealthAsync(planted));
    }

    public Task<PhaseOutcome<PurgeResult>> PurgeAsync(PhaseInput input, PhaseContext context) =>
        PhaseAsync(context.Phase, input, (gc, planted) => gc.PurgeRecordsAsync(planted));

    public void ShowPhase()
    {
    }

    public void LogHostLost(string host, string why)
    {
    }

    private Task<PhaseOutcome<T>> PhaseAsync<T>(
        string phase, PhaseInput input, Func<GcActivities, PhaseInput, Task<T>> execute)
        where T : class
    {
        // Limits hold for all attempts of a cycle together, as long as one host makes them.
        if (!_bounds.TryGetValue((phase, hosts.Current), out var bounds))
        {
            var approved = people.Approved(_collector.State, input.AsOf);
            _bounds[(phase, hosts.Current)] = bounds = new(world, input, hosts.Rows() ?? [], approved);
        }

        return RetryAsync(phase, bounds, PhaseOptions.FinalForHost, gc => execute(gc, bug.Input(input)));
    }

    /// <summary>Retries as Temporal does.</summary>
    private async Task<PhaseOutcome<T>> RetryAsync<T>(
        string phase, Bounds bounds, IReadOnlyCollection<string> final, Func<GcActivities, Task<T>> execute)
        where T : class
    {
        for (var attempt = 1; attempt <= PhaseOptions.MaxAttempts && !IsStopped; attempt++)
        {
            world.Step = $"cycle {Cycles} {phase}, attempt {attempt}";
            var outcome = await AttemptAsync(phase, bounds, final, execute);
            await RestoreAsync(rate => rate < 0.4);
            if (outcome?.Result is CollectResult collect) bounds.Said(collect);
            if (outcome is not null) return outcome;
        }

        return new ActivityFault(HostLost: false, "every attempt failed");
    }

    /// <returns>Null: to be retried.</returns>
    private async Task<PhaseOutcome<T>?> AttemptAsync<T>(
        string phase, Bounds bounds, IReadOnlyCollection<string> final, Func<GcActivities, Task<T>> execute)
        where T : class
    {
        var call = new ChaosCall(world, phase, Strike(phase));
        var before = hosts.Rows() ?? [];
        var path = hosts.DatabasePath;
        using var busy = Strike(phase, ChaosEvent.DatabaseBusy) is null ? null : hosts.Lock();
        try
        {
            var work = WorkAsync(call, bounds, execute);
            if (await Task.WhenAny(work, call.CutOff) == work) return await work;
            _zombies.Add((call, work, call.Strike!.Rate));
            hosts.Switch();
            return new ActivityFault(HostLost: true, "the host was cut off");
        }
        catch (HostDied e)
        {
            if (e.Cause.Kind != ChaosEvent.HostLost) return null;
            hosts.Switch();
            return new ActivityFault(HostLost: true, e.Message);
        }
        catch (ApplicationFailureException e)
        {
            invariants.Says(e.ToString());
            if (e.ErrorType is not null && final.Contains(e.ErrorType)) return ActivityFault.Of(e);
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

    private (GcActivities Gc, ReconcilerActivities Reconciler) Activities(ChaosCall call, Bounds bounds) =>
        hosts.Activities(
            new ChaosCloud(world, call, invariants, bounds),
            bug.Records(new ChaosBucket(world, call, invariants, bounds), hosts.DatabasePath),
            new ChaosAudit(world, call, invariants),
            new ChaosPlans(world, call, invariants, hosts.Plans),
            new ChaosSink(world, call, reconciler),
            world.Holding(ChaosEvent.DiskFull).Any(),
            bug.Clock(world.Clock));

    private async Task CheckAsync()
    {
        if (_collector.State.Timings is null) return;
        for (var attempt = 1; attempt <= PhaseOptions.MaxAttempts && !IsStopped; attempt++)
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
            var (_, reconcilers) = Activities(call, NoTermination);
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
        if (kinds.Length == 0) kinds = [ChaosEvent.Crash, ChaosEvent.HostLost, ChaosEvent.Zombie, ChaosEvent.SlowCall];
        var strike = world.Story.Events.FirstOrDefault(e => kinds.Contains(e.Kind)
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
