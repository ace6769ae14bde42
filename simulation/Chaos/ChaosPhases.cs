using System.Text.Json;
using Nstance.Temporal.Activities;
using Nstance.Temporal.Workflows;
using Nstance.Temporal.Workflows.Collector;
using Temporalio.Converters;
using Temporalio.Exceptions;
using Temporalio.Testing;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>
/// Runs the real activities, on real SQLite, with what the story lets happen to them: retries, crashes, zombies.
/// </summary>
internal sealed class ChaosPhases(ChaosWorld world, ChaosHosts hosts, ChaosReconciler reconciler, InjectedBug bug)
{
    private const string Acquire = "acquire";
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
        var outcome = await RunAsync(Acquire, NoTermination, gc => gc.AcquireShardAsync(input));
        if (outcome.Result is not null) hosts.Take(world.Now);
        return outcome;
    }

    /// <summary>Runs a phase on the host that holds the shard.</summary>
    public Task<PhaseOutcome<T>> RunAsync<T>(string phase, Bounds bounds, Func<GcActivities, Task<T>> execute)
        where T : class => RetryAsync(phase, bounds, (gc, _) => execute(gc));

    /// <summary>Lets the reconciler check what waits.</summary>
    public Task CheckAsync() => RetryAsync("checks", NoTermination, async (_, checks) =>
    {
        await reconciler.DrainAsync(checks);
        return "done";
    });

    /// <summary>Zombies that are left go on.</summary>
    public async Task EndCycleAsync()
    {
        await RestoreAsync(_ => true);
        hosts.EndCycle();
        HasStruck = false;
    }

    /// <summary>Retries as Temporal does: an acquire on whatever host takes it, a phase on its host.</summary>
    private async Task<PhaseOutcome<T>> RetryAsync<T>(
        string phase, Bounds bounds, Func<GcActivities, ReconcilerActivities, Task<T>> execute)
        where T : class
    {
        var isAcquire = phase == Acquire;
        var max = isAcquire ? AcquireAttempts : PhaseOptions.MaxAttempts;
        var final = isAcquire ? PhaseOptions.FinalForAll : PhaseOptions.FinalForHost;
        var scheduled = world.TemporalNow;
        var delay = TimeSpan.FromSeconds(1);
        object?[] beat = [];
        var fault = new ActivityFault(HostLost: false, "every attempt failed");
        for (var attempt = 1; attempt <= max && world.Violation is null; attempt++)
        {
            if (isAcquire) hosts.Current = Taker(attempt);
            world.Step = $"cycle {Cycle} {phase}, attempt {attempt} on host-{hosts.Current}";
            // As Temporal calls it: by its clock, and each attempt with the heartbeat of the last.
            var environment = new ActivityEnvironment
            {
                Info = ActivityEnvironment.DefaultInfo with
                {
                    Attempt = attempt,
                    ScheduledTime = scheduled.UtcDateTime,
                    CurrentAttemptScheduledTime = world.TemporalNow.UtcDateTime,
                    StartedTime = world.TemporalNow.UtcDateTime,
                    HeartbeatDetails = [.. await DataConverter.Default.ToPayloadsAsync(beat)],
                },
                Heartbeater = details => beat = details,
            };
            try
            {
                var result = await AttemptAsync(phase, environment, bounds, execute);
                if (result is CollectResult collect) bounds.Said(collect);
                return result;
            }
            catch (HostDied e) when (e.IsLost)
            {
                hosts.Lose();
                return Fault(e);
            }
            catch (Exception e)
            {
                fault = Fault(e);
                if (e is ApplicationFailureException { ErrorType: { } type } && final.Contains(type)) return fault;
            }
            finally
            {
                await RestoreAsync(rate => rate < 0.4);
            }

            if (!isAcquire) continue;
            world.Advance(world.Now + delay);
            delay = delay * 2 < MaxDelay ? delay * 2 : MaxDelay;
        }

        return fault;
    }

    /// <summary>The host that polls the queue when an attempt is due.</summary>
    private int Taker(int attempt)
    {
        if (hosts.Lost is { } lost) return 1 - lost;
        var first = Dice.Roll(world.Seed, Cycle, "taker", 0) < 0.5 ? 0 : 1;
        return (first + attempt) % ChaosHosts.Count;
    }

    private async Task<T> AttemptAsync<T>(
        string phase, ActivityEnvironment environment, Bounds bounds,
        Func<GcActivities, ReconcilerActivities, Task<T>> execute)
    {
        var strike = Strike(phase, ChaosEvent.Crash, ChaosEvent.HostLost, ChaosEvent.Zombie, ChaosEvent.SlowCall);
        bounds.Begin();
        var call = new ChaosCall(world, bounds, phase, hosts.Current, strike);
        var before = hosts.Rows();
        var path = hosts.DatabasePath;
        using var busy = Strike(phase, ChaosEvent.DatabaseBusy) is null ? null : hosts.Lock();
        world.IsLocked = busy is not null;
        try
        {
            var running = environment.RunAsync(() => ExecuteAsync(call, execute));
            if (await Task.WhenAny(running, call.CutOff) == running) return await running;
            _zombies.Add((call, running, strike!.Rate));
            throw new HostDied("the host was cut off", isLost: true);
        }
        finally
        {
            world.IsLocked = false;
            if (path == hosts.DatabasePath) world.Must.RowsLeft(before, hosts.Rows());
        }
    }

    private async Task<T> ExecuteAsync<T>(ChaosCall call, Func<GcActivities, ReconcilerActivities, Task<T>> execute)
    {
        var (gc, checks) = hosts.Activities(call, new ChaosSink(call, reconciler), bug);
        using (checks)
        {
            var result = await execute(gc, checks);
            var text = JsonSerializer.Serialize(result);
            world.Must.Says(text);
            world.Trace(hosts.Nameless(text));
            return result;
        }
    }

    /// <summary>Zombies go on, and end what they began. No workflow gets their results.</summary>
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
            catch (Exception e)
            {
                Fault(e);
            }
        }
    }

    /// <summary>I0: every failure of an activity has a meaning.</summary>
    private ActivityFault Fault(Exception failure)
    {
        if (failure is HostDied died) return new(died.IsLost, died.Message);
        if (failure is ApplicationFailureException) world.Must.Says(failure.ToString());
        else world.Violate("I0", $"unmapped failure: {failure.GetType().Name}: {failure.Message}");
        return ActivityFault.Of(failure);
    }

    private StoryEvent? Strike(string phase, params ChaosEvent[] kinds)
    {
        var strike = world.Story.Events.FirstOrDefault(e => kinds.Contains(e.Kind)
            && e.Phase == phase && e.At <= world.Elapsed && !_struck.Contains(e.Number));
        if (strike is null) return null;
        _struck.Add(strike.Number);
        HasStruck = true;
        return strike;
    }
}
