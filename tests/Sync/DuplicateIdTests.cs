using Nstance.Temporal.Tests.Collect;

namespace Nstance.Temporal.Tests.Sync;

/// <summary>
/// A row is marked deleted, while a registered machine that runs carries its id: its record is not purged (found
/// by fuzzing rows).
/// </summary>
public sealed class DuplicateIdTests : IDisposable
{
    private readonly CollectWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task Cycles_TheOtherMachineIsGone_RevivesTheRowAndTerminatesNothing()
    {
        var made = WithDuplicateId();

        await CyclesAsync();

        AssertLives(made);
        Assert.True(_world.IsLive(made));
        Assert.Equal(made.ProviderId, _world.Db.Find(made.Id)!.ProviderId);
    }

    [Fact]
    public async Task Cycles_CloudDoesNotAnswerAboutTheOtherMachine_TheRecordStaysAndNothingIsTerminated()
    {
        var made = WithDuplicateId();
        _world.Cloud.Undescribable.Add("i-other");

        await CyclesAsync();

        AssertLives(made);
    }

    [Fact]
    public async Task Cycles_NoMachineHasTheId_PurgesTheRecord()
    {
        var made = WithDuplicateId();
        _world.Cloud.Undescribable.Add("i-other");
        await CyclesAsync();
        _world.Cloud.Instances.Remove(made.ProviderId);

        // Marked, and then past its retention.
        for (var round = 0; round < 2; round++)
        {
            _world.Input = _world.Input with { AsOf = _world.Input.AsOf.AddHours(2) };
            await CyclesAsync();
        }

        Assert.False(_world.HasRecord(made));
    }

    [Fact]
    public async Task Cycles_ProviderIdOfTheRowIsNoText_TheRecordStaysAndNothingIsTerminated()
    {
        var made = WithDuplicateId();
        _world.Sql("UPDATE instances SET provider_id = CAST(x'fffe80' AS TEXT) WHERE id = $id", ("$id", made.Id));

        await CyclesAsync();

        AssertLives(made);
    }

    [Fact]
    public async Task Purge_MarkedInAnOutageOfTheCloud_WaitsForASyncWhichRevivesIt()
    {
        var made = _world.Add(registered: true, recordRegistered: true);
        _world.Sql("UPDATE instances SET deleted_at = '2026-11-23 18:45:00+00:00' WHERE id = $id", ("$id", made.Id));
        _world.Input = _world.Input with { AsOf = CollectWorld.AsOf.AddHours(2) };

        var result = await _world.PurgeAsync(); // the last complete sync was before the mark

        Assert.Equal(0, result.Expired);
        Assert.True(_world.HasRecord(made));
        await CyclesAsync();
        AssertLives(made);
        Assert.True(_world.IsLive(made));
    }

    private CollectWorld.Made WithDuplicateId()
    {
        _world.Add(registered: true, recordRegistered: true); // so that the cloud shows something of ours
        var made = _world.Add(registered: true, recordRegistered: true);
        _world.Sql(
            "UPDATE instances SET deleted_at = '0001-01-01 00:00:00+00:00', provider_id = 'i-other' WHERE id = $id",
            ("$id", made.Id));
        return made;
    }

    private async Task CyclesAsync()
    {
        for (var cycle = 0; cycle < 3; cycle++)
        {
            _world.Input = _world.Input with { AsOf = _world.Input.AsOf.AddMinutes(2), Cycle = _world.Input.Cycle + 1 };
            await _world.SyncAsync();
            await _world.CollectAsync();
            await _world.PurgeAsync();
        }
    }

    private void AssertLives(CollectWorld.Made made)
    {
        Assert.DoesNotContain(made.ProviderId, _world.Cloud.TerminateCalls);
        Assert.True(_world.HasRecord(made));
    }
}
