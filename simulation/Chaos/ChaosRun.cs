using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Sync;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>A bug at the collector's ports: production code has no seam for that.</summary>
internal sealed record InjectedBug
{
    public Func<IRecordStore, string, IRecordStore> Records { get; init; } = (records, _) => records;

    public Func<PhaseInput, PhaseInput> Input { get; init; } = input => input;

    public Func<TimeProvider, TimeProvider> Clock { get; init; } = clock => clock;

    public Action<ChaosReconciler>? BeforeCycle { get; init; }
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
        using var nstance = hosts.SharedPath is { } path ? new ChaosNstance(world, path) : null;
        var invariants = new Invariants(world);
        var reconciler = new ChaosReconciler(world);
        var people = new ChaosOperator(world, hosts);
        var collector = new ChaosCollector(world, hosts, people, reconciler, invariants, bug);
        var deleted = new HashSet<int>();
        var end = Story.Start + story.Setup.Length + Quiet(story.Setup);
        var at = Story.Start;
        while (at < end && world.Violation is null)
        {
            world.Advance(at);
            if (world.Elapsed > story.Setup.Length) world.CalmDown();
            world.Heartbeat();
            var deletes = story.Events.Any(e =>
                e.Kind == ChaosEvent.DeleteDatabase && e.At <= world.Elapsed && deleted.Add(e.Number));
            if (deletes && nstance is null) hosts.DeleteDatabase();
            bug.BeforeCycle?.Invoke(reconciler);
            await collector.CycleAsync(at);
            at += story.Setup.Timings.Interval;
            if (world.Now > at) at = world.Now; // Slow calls may last longer than the interval.
        }

        world.Step = "end";
        if (world.Violation is null) invariants.NothingLeaks();
        if (world.Violation is null) invariants.RowsTellTheTruth(hosts.Rows() ?? []);
        return new(
            story.Setup.Seed, collector.Cycles, world.EndedByCollector.Count, reconciler.CheckedAt.Count, world.Digest,
            world.Violation);
    }

    private static TimeSpan Quiet(StorySetup setup) =>
        (3 * setup.Timings.RegistrationTimeout) + setup.Timings.DeletedRecordRetention + TimeSpan.FromMinutes(5)
        + (QuietCycles * setup.Timings.Interval) + (setup.Quarantine ?? TimeSpan.Zero)
        + (setup.Shared ? TimeSpan.Zero : SyncPhase.RecordsReread);
}
