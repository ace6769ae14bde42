using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Simulation.Nstance;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>nstance's server in a story: writes rows into the shared file, collects and scales by them.</summary>
internal sealed class ChaosNstance : INstanceCloud, IDisposable
{
    private readonly ChaosWorld _world;
    private readonly NstanceServer _server;

    public ChaosNstance(ChaosWorld world, string path)
    {
        _world = world;
        var setup = world.Story.Setup;
        var hasUnknownColumns = setup.Seed % 3 == 0;
        _server = new(path, setup.Generation, this, setup.NstanceRegistrationTimeout, hasUnknownColumns);
        _server.File.Run("PRAGMA synchronous = OFF");
    }

    public IReadOnlyList<string> Misled => _server.Misled;

    public void Insert(ChaosMember m)
    {
        var nonce = $"{ChaosWorld.SecretMark}-{m.Number}";
        var row = new NstanceInstance(m.Id, Story.Tenant, m.Group, m.Issued) { Nonce = nonce };
        _server.Write(database => database.Insert(row));
    }

    public void SetProvider(ChaosMember m) =>
        _server.Write(database => database.SetProvider(m.Id, m.Machine!.ProviderId, _world.ServerNow));

    public void Register(ChaosMember m) => _server.Write(database => database.Register([m.Id], _world.ServerNow));

    public void MarkDeleted(ChaosMember m) => _server.Write(database => database.MarkDeleted(m.Id, _world.ServerNow));

    public void Rot(ChaosMember m) => _server.Write(database => database.SetState(m.Id, "{ broken"u8.ToArray()));

    public void Report(IEnumerable<ChaosMember> members, Func<ChaosMember, DateTimeOffset> at) =>
        _server.File.Report(members.Select(m => (m.Id, at(m))));

    /// <summary>nstance checks an instance, as its reconciler does, and runs a cycle of its own collector.</summary>
    public void Collect(ChaosMember? check)
    {
        if (check?.Machine is { } machine && machine.SeenAt(_world.Now) is { } seen)
            _server.Write(database => database.SetStatus(check.Id, machine.ProviderId, seen.Status.Name()));
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

    public bool IsAlive(string providerId) =>
        _world.Machines.TryGetValue(providerId, out var machine) && machine.IsAlive(_world.Now);

    public bool Terminate(string providerId)
    {
        if (!_world.Machines.TryGetValue(providerId, out var machine) || machine.ApiProtected) return false;
        machine.Terminate(_world.Now);
        return machine.StateAt(_world.Now) is not null;
    }

    public bool IsRecorded(string instanceId) => _world.Members.Values.Any(m =>
        m.Id == instanceId && _world.Bucket.TryGetValue(m.Key, out var record) && record.Body.Contains("registered_at", StringComparison.Ordinal));

    public void DeleteRecord(string instanceId)
    {
        if (_world.Members.Values.FirstOrDefault(m => m.Id == instanceId) is not { } member) return;
        member.IsGivenUp = true;
        _world.Bucket.Remove(member.Key);
    }

    public void Dispose() => _server.Dispose();

    private void Judge(NstanceOutcome outcome)
    {
        foreach (var (id, _, why) in outcome.Terminations) _world.Trace($"nstance {why} {id}");
        new Invariants(_world).NstanceIsNotMisled();
    }
}
