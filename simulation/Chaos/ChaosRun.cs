using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Sync;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>A bug at the collector's ports: production code has no seam for that.</summary>
internal sealed record InjectedBug
{
    public Func<IRecordStore, string, IRecordStore> Records { get; init; } = (records, _) => records;

    public Func<PhaseInput, PhaseInput> Input { get; init; } = input => input;

    public Func<CollectResult, CollectResult> Collected { get; init; } = result => result;

    public Func<GcState, GcState> State { get; init; } = state => state;

    /// <summary>The host's clock.</summary>
    public Func<ChaosWorld, TimeProvider> Clock { get; init; } = world => world.Clock;

    /// <summary>The clock that the cloud's answers carry.</summary>
    public Func<ChaosWorld, TimeProvider> CloudClock { get; init; } = world => world.Clock;

    public Action<ChaosReconciler, ChaosHosts>? BeforeCycle { get; init; }
}

/// <summary>The outcome of a story.</summary>
internal sealed record ChaosOutcome(int Cycles, int Terminated, string Digest, Violation? Violation);

/// <summary>Plays one story.</summary>
internal static class ChaosRun
{
    /// <summary>Cycles after which nothing may leak any more, beside the deadlines.</summary>
    private const int QuietCycles = 8;

    public static async Task<ChaosOutcome> PlayAsync(Story story, InjectedBug? bug = null)
    {
        bug ??= new();
        using var hosts = new ChaosHosts(story.Setup);
        var world = new ChaosWorld(story);
        using var nstance = story.Setup.Shared ? new ChaosNstance(world, hosts) : null;
        var reconciler = new ChaosReconciler(world);
        var collector = new ChaosCollector(world, hosts, reconciler, bug);
        var done = new HashSet<int>();
        var end = Story.Start + story.Setup.Length + Quiet(story);
        var began = world.Now;
        while (world.Now < end && world.Violation is null)
        {
            if (world.Elapsed > story.Setup.Length) world.CalmDown();
            world.Heartbeat();
            foreach (var e in story.Events.Where(e => e.At <= world.Elapsed))
            {
                if (e.Kind == ChaosEvent.DeleteDatabase && done.Add(e.Number)) hosts.DeleteDatabase();
                if (e.Kind == ChaosEvent.DamageDatabase && done.Add(e.Number)) hosts.DamageDatabase();
            }

            bug.BeforeCycle?.Invoke(reconciler, hosts);
            began = world.Now;
            var ran = await collector.CycleAsync();
            var due = collector.Due;
            world.Advance(ran && due > began ? due : began + story.Setup.Timings.Interval);
        }

        world.Step = "end";
        if (world.Violation is null) world.Must.NothingLeaks(hosts.IsShared(hosts.Current));
        if (world.Violation is null) world.Must.RowsTellTheTruth(hosts.Rows(), began);
        return new(collector.Cycles, world.EndedByCollector.Count, world.Digest, world.Violation);
    }

    private static TimeSpan Quiet(Story story)
    {
        var setup = story.Setup;
        var ahead = story.Events.Max(e => (TimeSpan?)e.By) ?? TimeSpan.Zero;
        return (3 * setup.Timings.RegistrationTimeout) + setup.Timings.DeletedRecordRetention
            + TimeSpan.FromMinutes(5) + (QuietCycles * setup.Timings.Interval) + (setup.Quarantine ?? TimeSpan.Zero)
            + (setup.Shared && !setup.IsMixed ? TimeSpan.Zero : SyncPhase.RecordsReread) + ahead;
    }
}

/// <summary>Takes events out of a story for as long as the same invariant breaks.</summary>
internal static class Shrink
{
    private const int MaxRuns = 200;

    public static async Task<Story> Async(Story story, Violation violation, Func<InjectedBug>? bug = null)
    {
        var runs = 0;
        for (var size = Math.Max(1, story.Events.Count / 2); size >= 1; size /= 2)
        {
            for (var at = 0; at < story.Events.Count && runs < MaxRuns;)
            {
                var less = story with { Events = [.. story.Events.Take(at), .. story.Events.Skip(at + size)] };
                runs++;
                var outcome = await ChaosRun.PlayAsync(less, bug?.Invoke());
                if (outcome.Violation?.Invariant == violation.Invariant) story = less;
                else at += size;
            }
        }

        return story;
    }
}
