using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Simulation.Fleet;
using Nstance.Temporal.Simulation.Nstance;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>nstance's server in a story: writes rows into the shared file, collects and scales by them.</summary>
internal sealed class ChaosNstance : IDisposable
{
    private readonly ChaosWorld _world;
    private readonly NstanceServer _server;

    public ChaosNstance(ChaosWorld world, string path)
    {
        _world = world;
        var setup = world.Story.Setup;
        var hasUnknownColumns = setup.Seed % 3 == 0;
        _server = new(path, setup.Generation, world.Fleet, setup.NstanceRegistrationTimeout, hasUnknownColumns);
        _server.File.Run("PRAGMA synchronous = OFF");
        world.Fleet.Nstance = _server;
        world.Nstance = this;
    }

    public NstanceDatabase File => _server.File;

    public void Write(Action<NstanceDatabase> write) => _server.Write(write);

    /// <summary>nstance checks an instance, as its reconciler does, and runs a cycle of its own collector.</summary>
    public void Collect(Member? check)
    {
        if (check?.ProviderId is { } id && _world.Ec2.FindVisible(id) is { } machine)
            Write(database => database.SetStatus(check.Id, id, ChaosCloud.Read(machine).Status.Name()));
        Judge(_server.Collect(_world.ServerNow));
    }

    /// <summary>nstance brings its groups to their sizes.</summary>
    /// <param name="shrinks">The group that is to have one member less; null: none.</param>
    public void Scale(string? shrinks)
    {
        var sizes = _server.Sizes(_world.ServerNow);
        if (shrinks is not null && sizes.TryGetValue(new(Story.Tenant, shrinks), out var size))
            sizes[new(Story.Tenant, shrinks)] = size - 1;
        Judge(_server.Scale(sizes, _world.ServerNow));
    }

    public void Dispose() => _server.Dispose();

    /// <summary>I10: nstance terminates no machine because of rows that the collector wrote.</summary>
    private void Judge(NstanceOutcome outcome)
    {
        foreach (var (id, _, why) in outcome.Terminations) _world.Trace($"nstance {why} {id}");
        if (_server.Misled is [var first, ..]) _world.Violate("I10", $"nstance was misled: {first}");
    }
}
