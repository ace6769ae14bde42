using System.Text.Json;
using Nstance.Temporal.Activities;
using Nstance.Temporal.Workflows;
using Nstance.Temporal.Workflows.Collector;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>
/// Runs the real activities, on real SQLite, with what the story lets happen to them: retries, crashes, zombies.
/// </summary>
internal sealed class ChaosPhases(
    ChaosWorld world, ChaosHosts hosts, ChaosReconciler reconciler, Invariants invariants, InjectedBug bug)
{
    private const int AcquireAttempts = 12;

    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(15);

    private readonly HashSet<int> _struck = [];
    private readonly List<(ChaosCall Call, Task Work, double Rate)> _zombies = [];

    /// <summary>The cycle that runs, for messages.</summary>
    public int Cycle { get; set; }

    /// <summary>True: the story struck an attempt since <see cref="EndCycleAsync"/>.</summary>
    public bool HasStruck { get; private set; }

    // In acquire and checks nothing may be terminated or deleted, as in a dry run.
    private Bounds NoTermination => new(
        world, new(Story.Shard, world.TemporalNow, world.Story.Setup.Timings) { DryRun = true }, [],
        new HashSet<string>());

    /// <summary>Offers the shard to one host after the other, as the shared queue does.</summary>
    public async Task<PhaseOutcome<AcquireShardResult>> AcquireAsync(AcquireShardInput input)
    {
        var work = new ChaosActivity(world);
        ActivityFault? last = null;
        var delay = TimeSpan.FromSeconds(1);
        for (var attempt = 1; attempt <= AcquireAttempts && world.Violation is null; attempt++)
        {
            hosts.Current = Taker(attempt);
            world.Step = $"cycle {Cycle} acquire, attempt {attempt} on host-{hosts.Current}";
            var outcome = await AttemptAsync(
                "acquire", work, NoTermination, gc => gc.AcquireShardAsync(bug.Acquire(input)));
            if (outcome.Result is not null)
            {
                hosts.Take(world.Now);
                return outcome.Result;
            }

            last = outcome.Fault;
            if (outcome.IsFinal(PhaseOptions.FinalForAll)) break;
            world.Advance(world.Now + delay);
            delay = delay * 2 < MaxDelay ? delay * 2 : MaxDelay;
        }

        return last ?? new ActivityFault(HostLost: false, "every attempt failed");
    }

    /// <summary>Retries as Temporal does.</summary>
    public async Task<PhaseOutcome<T>> RunAsync<T>(string phase, Bounds bounds, Func<GcActivities, Task<T>> execute)
        where T : class
    {
        var work = new ChaosActivity(world);
        ActivityFault? last = null;
        for (var attempt = 1; attempt <= PhaseOptions.MaxAttempts && world.Violation is null; attempt++)
        {
            world.Step = $"cycle {Cycle} {phase}, attempt {attempt} on host-{hosts.Current}";
            var outcome = await AttemptAsync(phase, work, bounds, execute);
            await RestoreAsync(rate => rate < 0.4);
            if (outcome.Result is CollectResult collect) bounds.Said(collect);
            if (outcome.Result is not null) return outcome.Result;
            last = outcome.Fault;
            if (outcome.IsFinal(PhaseOptions.FinalForHost)) break;
        }

        return last ?? new ActivityFault(HostLost: false, "every attempt failed");
    }

    /// <summary>Lets the reconciler check what waits.</summary>
    public async Task CheckAsync()
    {
        for (var attempt = 1; attempt <= PhaseOptions.MaxAttempts && world.Violation is null; attempt++)
        {
            world.Step = $"cycle {Cycle} checks, attempt {attempt}";
            var outcome = await AttemptAsync("checks", new(world), NoTermination, async (_, checks) =>
            {
                await reconciler.DrainAsync(checks);
                return "done";
            });
            if (outcome.Result is not null || outcome.IsFinal(PhaseOptions.FinalForHost)) return;
        }
    }

    /// <summary>Zombies that are left go on.</summary>
    public async Task EndCycleAsync()
    {
        await RestoreAsync(_ => true);
        hosts.EndCycle();
        HasStruck = false;
    }

    /// <summary>The host that polls the queue when an attempt is due.</summary>
    private int Taker(int attempt)
    {
        if (hosts.Lost is { } lost) return 1 - lost;
        var first = Dice.Roll(world.Seed, Cycle, "taker", 0) < 0.5 ? 0 : 1;
        return (first + attempt) % ChaosHosts.Count;
    }

    private Task<Attempt<T>> AttemptAsync<T>(
        string phase, ChaosActivity work, Bounds bounds, Func<GcActivities, Task<T>> execute)
        where T : class => AttemptAsync(phase, work, bounds, (gc, _) => execute(gc));

    private async Task<Attempt<T>> AttemptAsync<T>(
        string phase, ChaosActivity work, Bounds bounds, Func<GcActivities, ReconcilerActivities, Task<T>> execute)
        where T : class
    {
        var call = new ChaosCall(world, phase, Strike(phase), hosts.Current);
        var before = hosts.Rows() ?? [];
        var path = hosts.DatabasePath;
        using var busy = Strike(phase, ChaosEvent.DatabaseBusy) is null ? null : hosts.Lock();
        world.IsLocked = busy is not null;
        try
        {
            var running = work.RunAsync(() => ExecuteAsync(call, bounds, execute));
            if (await Task.WhenAny(running, call.CutOff) == running) return new(await running, null);
            _zombies.Add((call, running, call.Strike!.Rate));
            return Lost<T>("the host was cut off");
        }
        catch (HostDied e)
        {
            return e.Cause.Kind == ChaosEvent.HostLost
                ? Lost<T>(e.Message)
                : new(null, new(HostLost: false, e.Message));
        }
        catch (ApplicationFailureException e)
        {
            invariants.Says(e.ToString());
            return new(null, ActivityFault.Of(e)) { ErrorType = e.ErrorType };
        }
        catch (Exception e)
        {
            world.Violate("I0", $"a fault that nobody mapped: {e.GetType().Name}: {e.Message}");
            return new(null, null);
        }
        finally
        {
            world.IsLocked = false;
            if (path == hosts.DatabasePath) invariants.RowsLeft(before, hosts.Rows() ?? []);
        }
    }

    private Attempt<T> Lost<T>(string why)
        where T : class
    {
        hosts.Lose();
        return new(null, new(HostLost: true, why)) { ErrorType = ErrorTypes.ShardNotHeld };
    }

    private async Task<T> ExecuteAsync<T>(
        ChaosCall call, Bounds bounds, Func<GcActivities, ReconcilerActivities, Task<T>> execute)
    {
        var (gc, reconcilers) = hosts.Activities(
            new ChaosCloud(world, call, invariants, bounds, bug.CloudClock(world)),
            bug.Records(new ChaosBucket(world, call, invariants, bounds), hosts.DatabasePath),
            new ChaosAudit(world, call, invariants),
            new ChaosPlans(world, call, invariants, hosts.Plans),
            new ChaosSink(world, call, reconciler, invariants),
            world.Holding(ChaosEvent.DiskFull).Any(),
            bug.Clock(world));
        using (reconcilers)
        {
            var result = await execute(gc, reconcilers);
            Say(result);
            return result;
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
        if (strike is null) return null;
        _struck.Add(strike.Number);
        HasStruck = true;
        return strike;
    }

    private void Say(object? result)
    {
        var text = JsonSerializer.Serialize(result);
        invariants.Says(text);
        world.Trace(hosts.Nameless(text));
    }

    /// <summary>What an attempt gave: a result, or a fault; neither after a violation.</summary>
    private sealed record Attempt<T>(T? Result, ActivityFault? Fault)
        where T : class
    {
        public string? ErrorType { get; init; }

        public bool IsFinal(IReadOnlyCollection<string> final) => ErrorType is not null && final.Contains(ErrorType);
    }
}
