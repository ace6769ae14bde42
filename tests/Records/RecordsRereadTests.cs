using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Tests.Collect;

namespace Nstance.Temporal.Tests.Records;

/// <summary>Records without a row or a machine: no sync ever listed their machines.</summary>
public sealed class RecordsRereadTests : IDisposable
{
    private static readonly DateTimeOffset LongAgo = CollectWorld.AsOf.AddHours(-2);

    private readonly CollectWorld _world = new();

    /// <summary>Adds one running machine of the shard.</summary>
    public RecordsRereadTests()
    {
        _world.Add(registered: true, recordRegistered: true);
        _world.Db.SetMeta(MetaKeys.RebuiltAt, LongAgo);
    }

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task Sync_RecordWhoseMachineNeverWas_IsFoundAndCleaned()
    {
        var record = RecordAlone(provider: false);

        await SyncAsync();
        var collected = await _world.CollectAsync();

        Assert.Equal(1, collected.Of(CollectReason.StalePreInsert).AlreadyGone);
        _world.AssertCollected(record);
    }

    [Fact]
    public async Task Sync_RecordWhoseMachineWentUnseen_IsMarkedAndPurged()
    {
        var record = RecordAlone(provider: true);

        await SyncAsync();
        _world.Input = _world.Input with { AsOf = CollectWorld.AsOf.AddMinutes(5) };
        await SyncAsync();
        Assert.False(_world.IsLive(record));
        _world.Input = _world.Input with { AsOf = CollectWorld.AsOf.AddHours(3) };
        await SyncAsync();

        Assert.Equal(1, (await _world.PurgeAsync()).Purged);
        _world.AssertCollected(record);
    }

    [Fact]
    public async Task Sync_RecordOfALaunchUnderWay_Stays()
    {
        var record = RecordAlone(provider: false, age: TimeSpan.FromMinutes(1));

        await SyncAsync();
        await _world.CollectAsync();

        Assert.True(_world.HasRecord(record));
        Assert.True(_world.IsLive(record));
    }

    [Fact]
    public async Task Sync_RecordsListedWithinTheHour_ListsNone()
    {
        _world.Db.SetMeta(MetaKeys.RebuiltAt, CollectWorld.AsOf.AddMinutes(-59));
        var record = RecordAlone(provider: false);

        await SyncAsync();

        Assert.Null(_world.Db.Find(record.Id));
    }

    [Fact]
    public async Task Sync_NothingNewInTheBucket_ReadsNoRecordAndRestartsTheHour()
    {
        await SyncAsync();
        _world.Db.SetMeta(MetaKeys.RebuiltAt, LongAgo);
        _world.Records.Reads.Clear();

        await SyncAsync();

        Assert.Empty(_world.Records.Reads);
        Assert.Equal(CollectWorld.AsOf, _world.Db.GetMetaTime(MetaKeys.RebuiltAt));
    }

    [Fact]
    public async Task Sync_BucketIsNotListed_GoesOnAndRetries()
    {
        var record = RecordAlone(provider: false);
        _world.Records.ListFault = new CloudException(CloudFault.Transient, "no answer");

        var result = await SyncAsync();

        Assert.Equal(1, result.Listed);
        Assert.Contains(
            result.Problems,
            p => p.Contains("records without a machine were not read", StringComparison.Ordinal) && p.Contains(
                "no answer", StringComparison.Ordinal));
        Assert.Equal(LongAgo, _world.Db.GetMetaTime(MetaKeys.RebuiltAt));
        Assert.True(_world.HasRecord(record));
    }

    [Fact]
    public async Task Sync_RecordThatCannotBeRead_IsReadInTheNextCycle()
    {
        var record = RecordAlone(provider: false);
        _world.Records.Unreadable.Add(record.Key);
        await SyncAsync();
        Assert.Null(_world.Db.Find(record.Id));

        _world.Records.Unreadable.Clear();
        await SyncAsync();

        Assert.NotNull(_world.Db.Find(record.Id));
    }

    [Fact]
    public async Task Sync_ListingRecords_KeepsTheHealthClock()
    {
        await SyncAsync();

        Assert.Null(_world.Db.GetMetaTime(MetaKeys.HealthFrom));
        Assert.Equal(CollectWorld.AsOf, _world.Db.GetMetaTime(MetaKeys.RebuiltAt));
    }

    private CollectWorld.Made RecordAlone(bool provider, TimeSpan? age = null)
    {
        var made = _world.Add(provider: provider, inCloud: false, age: age);
        _world.Sql("DELETE FROM instances WHERE id = $id", ("$id", made.Id));
        return made;
    }

    private Task<SyncResult> SyncAsync() =>
        _world.SyncAsync();
}
