using Nstance.Temporal.Activities;
using Nstance.Temporal.Workflows.Collector;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>
/// Cycles in virtual time. The collector's own <see cref="Cycle"/> orders the phases and decides what follows
/// a failure. <see cref="ChaosPhases"/> runs the phases.
/// </summary>
internal sealed class ChaosCollector(
    ChaosWorld world, ChaosHosts hosts, ChaosReconciler reconciler, InjectedBug bug) : ICycleSteps
{
    private readonly CollectorState _collector = new(new GcInput(Story.Shard));
    private readonly ChaosPhases _phases = new(world, hosts, reconciler, bug);
    private readonly ChaosOperator _people = new(world);
    private readonly Dictionary<(string Phase, int Host), Bounds> _bounds = [];
    private Recovery? _recovery;
    private PhaseInput? _scan;

    public int Cycles => _collector.State.Cycle;

    public DateTimeOffset Now => world.TemporalNow;

    public bool IsStopped => world.Violation is not null;

    public bool IsCancelled => false;

    /// <summary>When the next cycle is due, by the world's clock.</summary>
    public DateTimeOffset Due
    {
        get
        {
            // Before the first acquire the collector knows no interval, and would try each two minutes.
            var state = _collector.State;
            if (state.LastCycleAt is null || state.Timings is null)
                return world.Now + world.Story.Setup.Timings.Interval;
            var due = Cadence.Next(state, Story.Shard, _collector.Timings, Now) - world.Skew;
            return due > world.Now ? due : world.Now;
        }
    }

    /// <returns>False: paused.</returns>
    public async Task<bool> CycleAsync()
    {
        var asOf = Now;
        if (_people.Steer(_collector.State, asOf) is not { } state) return false;
        _collector.State = state;
        _collector.Settings = _people.Settings();
        _collector.BeginCycle(asOf);
        _phases.Cycle = Cycles;
        _bounds.Clear();
        _scan = null;
        var approved = _people.Approved(state, asOf);
        var report = await new Cycle(_collector, this, _collector.DryRun, asOf).RunAsync();
        _collector.EndCycle(report, Now);
        _collector.State = bug.State(_collector.State);
        if (_collector.State.Timings is not null) await _phases.CheckAsync();
        if (_scan is not null) world.Must.SilentAreChecked(_scan, report, reconciler);
        _recovery ??= new(world, hosts, _people);
        _recovery.Ended(report, _collector.State, approved, _phases.HasStruck);
        await _phases.EndCycleAsync();
        return true;
    }

    public Task<PhaseOutcome<AcquireShardResult>> AcquireAsync(AcquireShardInput input, PhaseContext context) =>
        _phases.AcquireAsync(input);

    public Task<PhaseOutcome<SyncResult>> SyncAsync(PhaseInput input, PhaseContext context) =>
        PhaseAsync(context.Phase, input, (gc, planted) => gc.SyncProviderAsync(planted));

    public Task<PhaseOutcome<CollectResult>> CollectAsync(PhaseInput input, PhaseContext context) =>
        PhaseAsync(context.Phase, input, async (gc, planted) => bug.Collected(await gc.CollectAsync(planted)));

    public Task<PhaseOutcome<HealthScanResult>> ScanHealthAsync(PhaseInput input, PhaseContext context)
    {
        // No agent reports into an own file. A new host does not judge the time before it (design, "Grace period"),
        // also while its syncs fail.
        var isNew = hosts.TakenOverAt >= input.AsOf - world.Story.Setup.Timings.HealthCheckInterval;
        _scan = hosts.IsShared(hosts.Current) && !isNew ? input : null;
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
            var approved = _people.Approved(_collector.State, input.AsOf);
            _bounds[(phase, hosts.Current)] = bounds = new(world, input, hosts.Rows(), approved);
        }

        return _phases.RunAsync(phase, bounds, gc => execute(gc, bug.Input(input)));
    }
}
