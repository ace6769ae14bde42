using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Simulation.Fleet;
using Nstance.Temporal.Simulation.Nstance;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>
/// nstance's servers in a story, one on each host. One leads: it writes rows into its host's file, collects and scales
/// by them.
/// </summary>
internal sealed class ChaosNstance : IDisposable
{
    private readonly ChaosWorld _world;
    private readonly NstanceServer[] _servers;

    public ChaosNstance(ChaosWorld world, ChaosHosts hosts)
    {
        _world = world;
        var setup = world.Story.Setup;
        var hasUnknownColumns = setup.Seed % 3 == 0;
        _servers = [.. Enumerable.Range(0, ChaosHosts.Count).Select(host => new NstanceServer(
            hosts.ServerPath(host), setup.Generation, world.Fleet, setup.NstanceRegistrationTimeout,
            hasUnknownColumns))];
        foreach (var server in _servers) server.File.Run("PRAGMA synchronous = OFF");
        world.Fleet.Nstance = Server;
        world.Nstance = this;
    }

    /// <summary>The host whose server leads.</summary>
    public int Leader { get; private set; }

    /// <summary>When it was elected last; null: before the story.</summary>
    public DateTimeOffset? ElectedAt { get; private set; }

    /// <summary>The server that leads.</summary>
    public NstanceServer Server => _servers[Leader];

    /// <summary>Bytes of <c>leader.json</c>; null: it is missing.</summary>
    public string? LeaderFile
    {
        get
        {
            var dead = _world.Holding(ChaosEvent.LeaderDead).FirstOrDefault();
            if (dead is { After: true }) return null;
            var updated = dead is null ? _world.Now : _world.Start + dead.At;
            return ShardLayout.Leader(ServerId(Leader), $"10.0.3.{Leader}:9000", updated);
        }
    }

    public static string ServerId(int host) => $"nst-{host}";

    /// <summary>Elects the server of a host, which rebuilds its database from the records.</summary>
    public void Elect(int host)
    {
        Leader = host % _servers.Length;
        ElectedAt = _world.Now;
        _world.Fleet.Nstance = Server;
        _world.Trace($"elected {Leader}");
        var recorded = _world.Members.Where(m => !m.HasCorruptRecord && _world.Fleet.HasRecord(m));
        Server.Write(database => database.Rebuild([.. recorded.Select(m => m.Known())], _world.ServerNow));
    }

    /// <summary>nstance checks an instance, as its reconciler does, and runs a cycle of its own collector.</summary>
    public void Collect(Member? check)
    {
        if (check?.ProviderId is { } id && _world.Ec2.FindVisible(id) is { } machine)
            Server.Write(database => database.SetStatus(check.Id, id, ChaosCloud.Read(machine).Status.Name()));
        Judge(Server.Collect(_world.ServerNow));
    }

    /// <summary>nstance brings its groups to their sizes.</summary>
    /// <param name="shrinks">The group that is to have one member less; null: none.</param>
    public void Scale(string? shrinks)
    {
        var sizes = Server.Sizes(_world.ServerNow);
        if (shrinks is not null && sizes.TryGetValue(new(Story.Tenant, shrinks), out var size))
            sizes[new(Story.Tenant, shrinks)] = size - 1;
        Judge(Server.Scale(sizes, _world.ServerNow));
    }

    public void Dispose()
    {
        foreach (var server in _servers) server.Dispose();
    }

    /// <summary>I10: nstance terminates no machine because of rows that the collector wrote.</summary>
    private void Judge(NstanceOutcome outcome)
    {
        foreach (var (id, _, why) in outcome.Terminations) _world.Trace($"nstance {why} {id}");
        if (Server.Misled is [var first, ..]) _world.Violate("I10", $"nstance was misled: {first}");
    }
}
