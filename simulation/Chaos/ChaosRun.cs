using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Sync;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>Wraps the ports, to plant a bug: production code has no seam for that.</summary>
internal sealed record Plant
{
    public Func<IRecordStore, string, IRecordStore> Records { get; init; } = (records, _) => records;

    public Func<PhaseInput, PhaseInput> Input { get; init; } = input => input;

    public TimeProvider? Clock { get; init; }

    public Action<ChaosReconciler>? BeforeCycle { get; init; }
}

/// <summary>What came of a story.</summary>
internal sealed record ChaosOutcome(int Seed, int Cycles, int Terminated, int Checked, string Digest, Violation? Violation);

/// <summary>Plays one story.</summary>
internal static class ChaosRun
{
    /// <summary>Cycles after which nothing may leak any more, beside the deadlines.</summary>
    private const int QuietCycles = 8;

    public static async Task<ChaosOutcome> PlayAsync(Story story, Plant? plant = null)
    {
        plant ??= new();
        using var hosts = new ChaosHosts(story.Setup);
        var world = new ChaosWorld(story);
        using var nstance = hosts.SharedPath is { } path ? new ChaosNstance(world, path) : null;
        world.Nstance = nstance;
        var (invariants, reconciler) = (new Invariants(world), new ChaosReconciler(world));
        var collector = new ChaosCollector(world, hosts, new ChaosOperator(world, hosts), reconciler, invariants, plant);

        var (timings, deleted) = (story.Setup.Timings, new HashSet<int>());
        var quiet = (3 * timings.RegistrationTimeout) + timings.DeletedRecordRetention + TimeSpan.FromMinutes(5) + (QuietCycles * timings.Interval)
            + (story.Setup.Quarantine ?? TimeSpan.Zero) + (story.Setup.Shared ? TimeSpan.Zero : SyncPhase.RecordsReread);
        for (var at = Story.Start; at - Story.Start < story.Setup.Length + quiet && world.Violation is null; at = Later(at + timings.Interval, world.Now))
        {
            world.Advance(at);
            if (world.Elapsed > story.Setup.Length) world.CalmDown();
            world.Heartbeat();
            var deletes = story.Events.Any(e =>
                e.Deed == Deed.DeleteDatabase && e.At <= world.Elapsed && deleted.Add(e.Number));
            if (deletes && nstance is null) hosts.DeleteDatabase();
            plant.BeforeCycle?.Invoke(reconciler);
            await collector.CycleAsync(at);
        }

        world.Step = "end";
        if (world.Violation is null) invariants.NothingLeaks();
        if (world.Violation is null) invariants.RowsTellTheTruth(hosts.Rows() ?? []);
        return new(story.Setup.Seed, collector.Cycles, world.EndedByCollector.Count, reconciler.CheckedAt.Count, world.Digest, world.Violation);
    }

    private static DateTimeOffset Later(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;
}
