using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Tests.Collect;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Purge;

public sealed class PurgeAndHealthTests : IDisposable
{
    private readonly Shard1 _shard = new();

    public void Dispose() => _shard.Dispose();

    [Fact]
    public async Task Purge_RecordCannotBeDeleted_RowStaysUntilItCan()
    {
        var expired = _shard.Expected.GetProperty("purge")[0];
        var id = expired.GetProperty("instance").GetString()!;
        var key = expired.GetProperty("key").GetString()!;
        _shard.Records.Undeletable.Add(key);
        var first = await PurgeAsync();
        Assert.Equal((7, 6, 1), (first.Expired, first.Purged, first.Failed));
        Assert.Contains(id, _shard.Rows("tenant").Keys);
        _shard.Records.Undeletable.Clear();
        var second = await PurgeAsync();
        Assert.Equal((1, 1, 0), (second.Expired, second.Purged, second.Failed));
    }

    [Fact]
    public async Task Purge_RecordsCannotBeListed_RowWithoutTenantStays()
    {
        _shard.Records.ListFault = new CloudException(CloudFault.Transient, "no answer");
        var result = await PurgeAsync();
        Assert.Equal((6, 1), (result.Purged, result.Failed));
    }

    [Fact]
    public async Task Purge_WithinRetention_TouchesNothing()
    {
        var objects = _shard.Records.Objects.Count;
        await _shard.Activities().AcquireShardAsync(new(_shard.Shard, _shard.AsOf));
        _shard.MarkSynced();
        var timings = _shard.Input.Timings with { DeletedRecordRetention = TimeSpan.FromDays(9) };
        var input = _shard.Input with { Timings = timings };
        Assert.Equal(0, (await _shard.Activities().PurgeRecordsAsync(input)).Expired);
        Assert.Equal(objects, _shard.Records.Objects.Count);
    }

    [Fact]
    public async Task Purge_NoCompleteSyncEver_TouchesNothing()
    {
        var objects = _shard.Records.Objects.Count;
        await _shard.Activities().AcquireShardAsync(new(_shard.Shard, _shard.AsOf));
        Assert.Equal(0, (await _shard.Activities().PurgeRecordsAsync(_shard.Input)).Expired);
        Assert.Equal(objects, _shard.Records.Objects.Count);
    }

    /// <summary>nstance creates a NAT instance anew under the same id, while the purge lists the bucket.</summary>
    [Fact]
    public async Task Purge_RowIsLiveAgainMeanwhile_RowAndRecordStay()
    {
        using var world = new CollectWorld();
        var again = world.Add();
        var withoutTenant = world.Add();
        foreach (var made in new[] { again, withoutTenant }) world.Expire(made, CollectWorld.AsOf.AddHours(-2));
        world.Sql("UPDATE instances SET tenant = '' WHERE id = $id", ("$id", withoutTenant.Id));
        world.Records.BeforeList = () => world.Sql(
            "UPDATE instances SET deleted_at = NULL WHERE id = $id", ("$id", again.Id));

        var result = await world.PurgeAsync();

        Assert.True(world.HasRecord(again));
        Assert.True(world.IsLive(again));
        Assert.Equal((1, 1, 0), (result.Expired, result.Purged, result.Failed));
        Assert.Empty(result.Problems);
    }

    /// <summary>
    /// nstance creates a NAT instance anew under the same id, while this host has a file of its own that nstance does
    /// not write.
    /// </summary>
    [Fact]
    public async Task Purge_RecordNamesAnotherMachineByNow_RowIsRestoredAndTheNextSyncAsksAboutIt()
    {
        using var world = new CollectWorld();
        var again = await ExpiredAsync(world);
        var other = await ExpiredAsync(world);
        world.Add(protect: "true");
        Rewrite(world, again, again.ProviderId, "i-new");

        var result = await world.PurgeAsync();

        Assert.True(world.HasRecord(again));
        Assert.False(world.HasRecord(other));
        Assert.True(world.IsLive(again));
        Assert.Equal((1, 1), (result.Expired, result.Purged));
        Assert.Contains(
            result.Samples,
            s => (s.InstanceId, s.Action, s.Why) == (again.Id, "restored", "its record names i-new by now"));

        // The new machine is gone too: its row and its record go after its own retention.
        world.Input = world.Input with { AsOf = CollectWorld.AsOf.AddHours(2) };
        await world.SyncAsync();
        Assert.False(world.IsLive(again));
        world.Input = world.Input with { AsOf = CollectWorld.AsOf.AddHours(4) };
        await world.SyncAsync();
        Assert.Equal(1, (await world.PurgeAsync()).Purged);
        Assert.False(world.HasRecord(again));
    }

    [Fact]
    public async Task Purge_DryRunAndTheRecordNamesAnotherMachine_ChangesNothing()
    {
        using var world = new CollectWorld();
        var again = await ExpiredAsync(world);
        Rewrite(world, again, again.ProviderId, "i-new");
        world.Input = world.Input with { DryRun = true };

        var result = await world.PurgeAsync();

        Assert.False(world.IsLive(again));
        Assert.Equal("would restore", Assert.Single(result.Samples).Action);
    }

    /// <summary>nstance writes the record before the launch returns.</summary>
    [Fact]
    public async Task Purge_RecordIsNewerThanTheMark_RowAndRecordStayForItsRetention()
    {
        using var world = new CollectWorld();
        var again = await ExpiredAsync(world);
        Rewrite(world, again, "\"tenant\"", "\"created_at\": \"2026-11-23T18:39:00Z\", \"tenant\"");
        Rewrite(world, again, again.ProviderId, "");

        var result = await world.PurgeAsync();

        Assert.True(world.HasRecord(again));
        Assert.Equal("its record is newer than the mark", Assert.Single(result.Samples).Why);
        world.Input = world.Input with { AsOf = CollectWorld.AsOf.AddHours(2) };
        await world.SyncAsync();
        Assert.Equal(1, (await world.PurgeAsync()).Purged);
    }

    [Fact]
    public async Task Purge_RecordIsInvalid_RowAndRecordStayAndAreNamed()
    {
        using var world = new CollectWorld();
        var made = await ExpiredAsync(world);
        world.Records.Put(made.Key, "nonsense");

        var result = await world.PurgeAsync();

        Assert.True(world.HasRecord(made));
        Assert.Equal((0, 1), (result.Purged, result.Invalid));
        Assert.StartsWith(
            $"row {made.Id} was not purged, because its record ", Assert.Single(result.Problems));
    }

    private static void Rewrite(CollectWorld world, CollectWorld.Made made, string text, string by) =>
        world.Records.Put(
            made.Key,
            System.Text.Encoding.UTF8.GetString(world.Records.Objects[made.Key])
                .Replace(text, by, StringComparison.Ordinal));

    [Fact]
    public async Task Purge_RecordCannotBeRead_RowStaysAndTheCycleIsPartial()
    {
        using var world = new CollectWorld();
        var made = await ExpiredAsync(world);
        world.Records.Unreadable.Add(made.Key);

        var result = await world.PurgeAsync();

        Assert.True(world.HasRecord(made));
        Assert.Equal((0, 0), (result.Expired, result.Purged));
        Assert.Equal(
            $"rows were not purged, because their records could not be read: {made.Key}: no answer", result.Outage);
        Assert.Equal("its record could not be read", Assert.Single(result.Samples).Why);
        world.Records.Unreadable.Clear();
        Assert.Equal(1, (await world.PurgeAsync()).Purged);
    }

    /// <summary>A row past its retention, whose record the collector has read.</summary>
    private static async Task<CollectWorld.Made> ExpiredAsync(CollectWorld world)
    {
        var made = world.Add(inCloud: false);
        await world.SyncAsync();
        world.Expire(made, CollectWorld.AsOf.AddHours(-2));
        world.Db.SetMeta(MetaKeys.SyncedAt, CollectWorld.AsOf);
        return made;
    }

    /// <summary>
    /// nstance marked a row whose launch answer was lost, and the listings omitted its machine (chaos, seed 7883).
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Purge_RowNamesNoMachineAndOneCarriesItsId_RowAndRecordStay(bool dryRun)
    {
        using var world = new CollectWorld();
        var made = world.Add(provider: false);
        world.Expire(made, CollectWorld.AsOf.AddHours(-2));
        world.Input = world.Input with { DryRun = dryRun };

        var result = await world.PurgeAsync();

        Assert.True(world.HasRecord(made));
        Assert.NotNull(world.Db.Find(made.Id));
        Assert.Equal((0, 0, 0), (result.Expired, result.Purged, result.Failed));
        var sample = Assert.Single(result.Samples);
        Assert.Equal(
            ("skipped", $"{made.ProviderId} carries its id at the cloud"), (sample.Action, sample.Why));
        Assert.Null(result.Outage);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Purge_RowNamesNoMachineAndNoneRuns_IsPurged(bool isTerminated)
    {
        using var world = new CollectWorld();
        var made = world.Add(provider: false, inCloud: isTerminated, status: InstanceStatus.Deleted);
        world.Expire(made, CollectWorld.AsOf.AddHours(-2));

        Assert.Equal(1, (await world.PurgeAsync()).Purged);
        Assert.False(world.HasRecord(made));
        Assert.Null(world.Db.Find(made.Id));
    }

    [Fact]
    public async Task Purge_CloudDoesNotAnswer_OnlyRowsThatNameAMachineArePurged()
    {
        using var world = new CollectWorld();
        var unnamed = world.Add(provider: false, inCloud: false);
        var named = world.Add(inCloud: false);
        foreach (var made in new[] { unnamed, named }) world.Expire(made, CollectWorld.AsOf.AddHours(-2));
        world.Cloud.FindFault = new CloudException(CloudFault.Throttled, "slow down");

        var result = await world.PurgeAsync();

        Assert.True(world.HasRecord(unnamed));
        Assert.NotNull(world.Db.Find(unnamed.Id));
        Assert.Null(world.Db.Find(named.Id));
        Assert.Equal(
            "1 deleted rows without a machine were not purged, because the cloud could not be asked for their ids: "
            + "slow down", result.Outage);
    }

    [Fact]
    public async Task ScanHealth_MostLookStale_IsSuspectAndEnqueuesNone()
    {
        await _shard.Activities().AcquireShardAsync(new(_shard.Shard, _shard.AsOf));
        var silent = GoTime.Format(_shard.AsOf.AddMinutes(-30));
        _shard.Execute($"UPDATE instances SET health_at = '{silent}' WHERE registered_at IS NOT NULL");
        var result = await _shard.Activities().ScanHealthAsync(_shard.Input);
        Assert.NotNull(result.Suspect);
        Assert.Equal(result.Registered, result.Stale);
        Assert.Empty(_shard.Events.Batches);
    }

    [Fact]
    public async Task ScanHealth_Retried_SendsTheSameKeyAndMissedIntervals()
    {
        await _shard.Activities().AcquireShardAsync(new(_shard.Shard, _shard.AsOf));
        await _shard.Activities().ScanHealthAsync(_shard.Input);
        await _shard.Activities().ScanHealthAsync(_shard.Input);
        Assert.Equal(2, _shard.Events.Batches.Count);
        Assert.Equal(_shard.Events.Batches[0].Key, _shard.Events.Batches[1].Key);
        Assert.All(_shard.Events.Events, e => Assert.True(e is { PreventDuplicate: true, Attempt: >= 3 }, e.Cause));
    }

    private async Task<Nstance.Temporal.Workflows.Contracts.PurgeResult> PurgeAsync()
    {
        await _shard.Activities().AcquireShardAsync(new(_shard.Shard, _shard.AsOf));
        _shard.MarkSynced();
        return await _shard.Activities().PurgeRecordsAsync(_shard.Input);
    }
}
