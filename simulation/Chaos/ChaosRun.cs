using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Sync;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>A bug at the collector's ports: production code has no seam for that.</summary>
internal sealed record InjectedBug
{
    public Func<IRecordStore, string, IRecordStore> Records { get; init; } = (records, _) => records;

    public Func<AcquireShardInput, AcquireShardInput> Acquire { get; init; } = input => input;

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
internal sealed record ChaosOutcome(
    int Seed, int Cycles, int Terminated, int Checked, string Digest, Violation? Violation);

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
        using var nstance = story.Setup.Shared
            ? new ChaosNstance(world, [.. Enumerable.Range(0, ChaosHosts.Count).Select(hosts.ServerPath)]) : null;
        var invariants = new Invariants(world);
        var reconciler = new ChaosReconciler(world);
        var people = new ChaosOperator(world, hosts);
        var collector = new ChaosCollector(world, hosts, people, reconciler, invariants, bug);
        var done = new HashSet<int>();
        var end = Story.Start + story.Setup.Length + Quiet(story);
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
            var began = world.Now;
            var ran = await collector.CycleAsync();
            var due = collector.Due;
            world.Advance(ran && due > began ? due : began + story.Setup.Timings.Interval);
        }

        world.Step = "end";
        if (world.Violation is null) invariants.NothingLeaks();
        if (world.Violation is null) invariants.RowsTellTheTruth(hosts.Rows() ?? []);
        return new(
            story.Setup.Seed, collector.Cycles, world.EndedByCollector.Count, reconciler.CheckedAt.Count, world.Digest,
            world.Violation);
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
