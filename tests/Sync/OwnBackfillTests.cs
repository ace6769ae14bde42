using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Tests.Collect;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Sync;

/// <summary>Machines without a row in a file of our own: when the row is added, and what is said if not.</summary>
public sealed class OwnBackfillTests : IDisposable
{
    private readonly CollectWorld _world = new();

    public OwnBackfillTests() => _world.Db.SetMeta(MetaKeys.RebuiltAt, CollectWorld.AsOf);

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task Sync_RecordedMachine_GetsItsRowAndIsNamed()
    {
        var made = Rowless();

        var result = await _world.SyncAsync();

        Assert.True(_world.IsLive(made));
        Assert.Equal(1, result.Added);
        var sample = Assert.Single(result.Samples);
        Assert.Equal(
            (made.Id, "added", "recorded and in the cloud, but without a row"),
            (sample.InstanceId, sample.Action, sample.Why));
        Assert.Empty(result.Problems);
        Assert.Empty(_world.Db.FindRowlessInstances());
    }

    [Fact]
    public async Task Sync_NoRecord_IsAnOrphan()
    {
        var made = _world.Add(record: false);
        RemoveRow(made);

        var result = await _world.SyncAsync();

        AssertNotAdded(made, result);
        Assert.Empty(result.Problems);
        Assert.Empty(_world.Cloud.Described);
        Assert.True(Assert.Single(_world.Db.FindRowlessInstances()).IsOrphan);
    }

    [Fact]
    public async Task Sync_TwoRecords_AddsNoneAndSaysSo()
    {
        var made = Rowless();
        Assert.True(InstanceId.TryParse(made.Id, out var id));
        _world.Records.Objects[RecordKey.For(CollectWorld.Shard, "globex", id)] = _world.Records.Objects[made.Key];

        var result = await _world.SyncAsync();

        AssertNotAdded(made, result);
        Assert.Equal([$"instance {made.Id} has 2 records; skipped"], result.Problems);
        Assert.Equal(1, result.Invalid);
        Assert.Empty(_world.Db.FindRowlessInstances());
    }

    [Fact]
    public async Task Sync_RecordIsInvalid_AddsNoneAndSaysSo()
    {
        var made = Rowless();
        _world.Records.Put(made.Key, "nonsense");

        var result = await _world.SyncAsync();

        AssertNotAdded(made, result);
        var problem = Assert.Single(result.Problems);
        Assert.StartsWith($"record {made.Key} ", problem, StringComparison.Ordinal);
        Assert.EndsWith($"; machine {made.ProviderId} skipped", problem, StringComparison.Ordinal);
        Assert.Equal(1, result.Invalid);
    }

    [Fact]
    public async Task Sync_RecordNamesAnotherMachine_AddsNoneAndSaysSo()
    {
        var made = Rowless();
        Rename(made, "i-other");

        var result = await _world.SyncAsync();

        AssertNotAdded(made, result);
        Assert.Equal(
            [$"record {made.Key} names machine i-other, not {made.ProviderId}, which carries its id; skipped"],
            result.Problems);
        Assert.Equal(1, result.Invalid);
    }

    [Fact]
    public async Task Sync_RecordCannotBeRead_IsReadInTheNextCycle()
    {
        var made = Rowless();
        _world.Records.Unreadable.Add(made.Key);

        var result = await _world.SyncAsync();

        AssertNotAdded(made, result);
        Assert.Equal(
            $"record {made.Key} could not be read; machine {made.ProviderId} skipped: {made.Key}: no answer",
            result.Outage);
        Assert.Empty(_world.Db.FindRowlessInstances());
        _world.Records.Unreadable.Clear();
        Assert.Equal(1, (await _world.SyncAsync()).Added);
    }

    [Fact]
    public async Task Sync_RecordsCannotBeListed_AreListedInTheNextCycle()
    {
        var made = Rowless();
        _world.Records.ListFault = new(CloudFault.Transient, "no answer");

        var result = await _world.SyncAsync();

        AssertNotAdded(made, result);
        Assert.Equal(
            "1 machines without a row were skipped, because their records were not listed: no answer", result.Outage);
        _world.Records.ListFault = null;
        Assert.Equal(1, (await _world.SyncAsync()).Added);
    }

    [Fact]
    public async Task Sync_CloudDoesNotAnswerById_AddsItInTheNextCycle()
    {
        var made = await RecordedAsync();

        Assert.Equal(1, (await _world.SyncAsync()).Added);
        Assert.True(_world.IsLive(made));
        Assert.Equal([made.Key, made.Key], _world.Records.Reads);
    }

    [Theory]
    [InlineData("gone")]
    [InlineData("retagged")]
    [InlineData("lost tags")]
    [InlineData("unknown")]
    public async Task Sync_MachineIsAnotherByNow_AddsNone(string change)
    {
        var made = Rowless();
        var now = _world.Cloud.Instances[made.ProviderId];
        var tags = new Dictionary<string, string>(now.Tags) { [CloudTags.InstanceId] = "other" };
        _world.Cloud.BeforeDescribe = () =>
        {
            if (change == "gone") _world.Cloud.Instances.Remove(made.ProviderId);
            if (change == "retagged") _world.Cloud.Add(now with { Tags = tags });
            if (change == "lost tags") _world.Cloud.Add(now with { Tags = new Dictionary<string, string>() });
            if (change == "unknown") _world.Cloud.Undescribable.Add(made.ProviderId);
        };

        AssertNotAdded(made, await _world.SyncAsync());
        Assert.Equal([made.ProviderId], _world.Cloud.Described);
    }

    [Fact]
    public async Task Sync_RecordWasDeletedMeanwhile_IsAnOrphanFromNowOn()
    {
        var made = await RecordedAsync();
        _world.Records.Objects.Clear();

        AssertNotAdded(made, await _world.SyncAsync());
        Assert.True(Assert.Single(_world.Db.FindRowlessInstances()).IsOrphan);
    }

    [Fact]
    public async Task Sync_RecordNamesAnotherMachineByNow_AddsNone()
    {
        var made = await RecordedAsync();
        Rename(made, "i-other");

        AssertNotAdded(made, await _world.SyncAsync());
    }

    [Fact]
    public async Task Sync_KnownRecordCannotBeRead_AddsNoneAndSaysSo()
    {
        var made = await RecordedAsync();
        _world.Records.Unreadable.Add(made.Key);

        var result = await _world.SyncAsync();

        AssertNotAdded(made, result);
        Assert.Equal($"record {made.Key} could not be read: {made.Key}: no answer", result.Outage);
        Assert.False(Assert.Single(_world.Db.FindRowlessInstances()).IsOrphan);
    }

    [Fact]
    public async Task Sync_TagHoldsAMalformedId_IsNoOrphan()
    {
        var made = Retagged(_world.Add(record: false), "nonsense");

        var result = await _world.SyncAsync();

        Assert.Equal(
            [$"machine {made.ProviderId} carries the malformed instance id nonsense; skipped"], result.Problems);
        Assert.Equal(1, result.Invalid);
        Assert.Empty(_world.Db.FindRowlessInstances());
    }

    /// <summary>A changed tag must not make an orphan of a machine that a row names.</summary>
    [Fact]
    public async Task Sync_RowNamesTheMachineUnderAnotherId_IsNoOrphan()
    {
        var made = _world.Add();
        var other = InstanceIds.New(CollectWorld.AsOf).ToString();
        Retag(made, other);

        var result = await _world.SyncAsync();

        Assert.Contains(
            $"machine {made.ProviderId} of row {made.Id} is now tagged as {other}; skipped", result.Problems);
        Assert.Empty(_world.Db.FindRowlessInstances());
    }

    [Fact]
    public async Task Sync_OrphanWhoseMachineARowNamesByNow_IsNoOrphanAnyMore()
    {
        var orphan = _world.Add(record: false);
        RemoveRow(orphan);
        await _world.SyncAsync();
        var row = _world.Add(inCloud: false, provider: false);
        _world.Sql(
            "UPDATE instances SET provider_id = $provider WHERE id = $id", ("$provider", orphan.ProviderId),
            ("$id", row.Id));

        await _world.SyncAsync();

        Assert.Empty(_world.Db.FindRowlessInstances());
    }

    [Fact]
    public async Task Sync_OrphanGetsARow_IsNoOrphanAnyMore()
    {
        var orphan = _world.Add(record: false);
        _world.Sql("UPDATE instances SET id = 'elsewhere', provider_id = NULL");
        await _world.SyncAsync();
        Assert.Single(_world.Db.FindRowlessInstances());
        _world.Sql("UPDATE instances SET id = $id", ("$id", orphan.Id));

        await _world.SyncAsync();

        Assert.Empty(_world.Db.FindRowlessInstances());
    }

    [Fact]
    public async Task Sync_MarkedRowWhoseMachineRunsAndRecordExists_IsRestored()
    {
        var made = Marked();

        var result = await _world.SyncAsync();

        Assert.True(_world.IsLive(made));
        var sample = Assert.Single(result.Samples);
        Assert.Equal(
            (made.Id, "restored", $"its record exists, and {made.ProviderId} runs"),
            (sample.InstanceId, sample.Action, sample.Why));
    }

    [Theory]
    [InlineData("no record")]
    [InlineData("another machine's record")]
    [InlineData("unreadable record")]
    [InlineData("invalid record")]
    [InlineData("marked just now")]
    [InlineData("two machines")]
    public async Task Sync_MarkedRowWithoutProofOfLife_StaysMarked(string lacks)
    {
        var made = Marked();
        if (lacks == "no record") _world.Records.Objects.Clear();
        if (lacks == "another machine's record") Rename(made, "i-other");
        if (lacks == "unreadable record") _world.Records.Unreadable.Add(made.Key);
        if (lacks == "invalid record") _world.Records.Put(made.Key, "nonsense");
        if (lacks == "marked just now") Mark(made, CollectWorld.AsOf.AddSeconds(-1));
        if (lacks == "two machines")
        {
            _world.Cloud.Add(_world.Cloud.Instances[made.ProviderId] with { ProviderId = "i-twin" });
            _world.Sql("UPDATE instances SET provider_id = NULL");
        }

        var result = await _world.SyncAsync();

        Assert.False(_world.IsLive(made));
        Assert.DoesNotContain(result.Samples, s => s.Action == "restored");
        Assert.Equal(lacks == "unreadable record", result.Outage is not null);
    }

    private CollectWorld.Made Rowless()
    {
        var made = _world.Add(registered: true, recordRegistered: true);
        RemoveRow(made);
        return made;
    }

    /// <summary>A machine without a row whose record was read, while the cloud did not answer by id.</summary>
    private async Task<CollectWorld.Made> RecordedAsync()
    {
        var made = Rowless();
        _world.Cloud.DescribeFault = new(CloudFault.Throttled, "slow down");
        var result = await _world.SyncAsync();
        AssertNotAdded(made, result);
        Assert.Equal(
            "1 recorded machines without a row were not added, because the cloud did not answer by id: slow down",
            result.Outage);
        _world.Cloud.DescribeFault = null;
        return made;
    }

    private CollectWorld.Made Marked()
    {
        var made = _world.Add(registered: true, recordRegistered: true);
        Mark(made, CollectWorld.AsOf.AddMinutes(-30));
        return made;
    }

    private void Mark(CollectWorld.Made made, DateTimeOffset at) => _world.Sql(
        "UPDATE instances SET deleted_at = $at WHERE id = $id", ("$at", GoTime.Format(at)), ("$id", made.Id));

    private CollectWorld.Made Retagged(CollectWorld.Made made, string id)
    {
        RemoveRow(made);
        Retag(made, id);
        return made;
    }

    private void Retag(CollectWorld.Made made, string id)
    {
        var now = _world.Cloud.Instances[made.ProviderId];
        _world.Cloud.Add(
            now with { Tags = new Dictionary<string, string>(now.Tags) { [CloudTags.InstanceId] = id } });
    }

    private void Rename(CollectWorld.Made made, string provider) => _world.Records.Put(
        made.Key,
        System.Text.Encoding.UTF8.GetString(_world.Records.Objects[made.Key])
            .Replace(made.ProviderId, provider, StringComparison.Ordinal));

    private void RemoveRow(CollectWorld.Made made) =>
        _world.Sql("DELETE FROM instances WHERE id = $id", ("$id", made.Id));

    private void AssertNotAdded(CollectWorld.Made made, SyncResult result)
    {
        Assert.Equal(0, result.Added);
        Assert.Null(_world.Db.Find(made.Id));
    }
}
