using Nstance.Temporal.Tests.Collect;

namespace Nstance.Temporal.Tests.Database;

/// <summary>A row is a candidate only after its wait: one at the deadline is none.</summary>
public sealed class FindCandidatesTests : IDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);

    private readonly CollectWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public void FindCandidates_UnregisteredAtTheDeadline_AreLeftOut()
    {
        var timeout = _world.Input.Timings.RegistrationTimeout;
        _world.Add(age: timeout);
        var late = _world.Add(age: timeout + Tick);

        Assert.Equal([late.Id], _world.Db.FindCandidates(_world.Input, []).UnregisteredRows.Select(row => row.Id));
    }

    [Fact]
    public void FindCandidates_DeletedWithinTheSettleTime_AreLeftOut()
    {
        var settled = CollectWorld.AsOf - _world.Input.Timings.SettleTime;
        Delete(settled);
        var old = Delete(settled - Tick);

        Assert.Equal([old.Id], _world.Db.FindCandidates(_world.Input, []).DeletedRows.Select(found => found.Row.Id));
    }

    private CollectWorld.Made Delete(DateTimeOffset at)
    {
        var made = _world.Add();
        _world.Expire(made, at);
        _world.List(made, "running", CollectWorld.AsOf.AddHours(-1));
        return made;
    }
}
