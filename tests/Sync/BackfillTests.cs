using System.Text;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Simulation.Nstance;
using Nstance.Temporal.Tests.Collect;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Sync;

/// <summary>Recorded machines without a row, in nstance's file and in one of our own.</summary>
public sealed class BackfillTests
{
    [Fact]
    public async Task Cycle_RecordNamesAnotherInstanceByNow_NothingIsAdded()
    {
        using var shard = new SharedShard(NstanceGeneration.V1);
        shard.AddMember(hours: 5);
        var lost = shard.AddMember(hours: 4, hasRow: false);
        var (dry, _) = await shard.CycleAsync();
        Assert.Contains(dry.Samples, s => s.InstanceId == lost && s.Action == "would add");
        var (key, record) = shard.Records.Objects.Single(
            o => Encoding.UTF8.GetString(o.Value).Contains(lost, StringComparison.Ordinal));
        var other = SharedShard.NewId(SharedShard.Start.AddHours(-4));
        shard.Records.Put(
            key, Encoding.UTF8.GetString(record).Replace($"\"{lost}\"", $"\"{other}\"", StringComparison.Ordinal));
        shard.Input = shard.Input with { DryRun = false };
        var before = shard.Nstance.File.Ids();

        var (sync, _) = await shard.CycleAsync();

        Assert.Equal(0, sync.Added);
        Assert.Equal(before, shard.Nstance.File.Ids());
        Assert.Empty(shard.Cloud.TerminateCalls);
    }

    /// <summary>
    /// nstance counts the live rows of a group, and terminates the oldest member if there is one too many.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Cycle_NstanceLostTheRowOfAnInstanceThatItDeletes_IsTerminatedWithoutARow(int generation)
    {
        using var shard = new SharedShard(generation == 1 ? NstanceGeneration.V1 : NstanceGeneration.V2);
        for (var n = 0; n < 3; n++) shard.AddMember(hours: 5);
        var lost = shard.AddMember(hours: 4, hasRow: false);
        var (key, record) = shard.Records.Objects.Single(
            o => Encoding.UTF8.GetString(o.Value).Contains(lost, StringComparison.Ordinal));
        shard.Records.Put(
            key, Encoding.UTF8.GetString(record).Replace("\"running\"", "\"deleting\"", StringComparison.Ordinal));
        shard.Input = shard.Input with { DryRun = false };
        var before = shard.Nstance.File.Ids();
        var during = new List<string>();
        shard.Cloud.BeforeTerminate = () => during.AddRange(shard.Nstance.File.Ids());

        var (sync, collect) = await shard.CycleAsync();

        Assert.Equal(0, sync.Added);
        Assert.Equal(1, collect.Of(CollectReason.Unhealthy).Terminated);
        Assert.Equal(before.Order(), during.Order());
        Assert.Equal(before.Order(), shard.Nstance.File.Ids().Order());
        Assert.DoesNotContain(key, shard.Records.Objects.Keys);
    }

    /// <summary>nstance's own collector would terminate the one, and counts the other as a member.</summary>
    [Theory]
    [InlineData("running", false)]
    [InlineData("stopped", true)]
    [InlineData("pending", true)]
    public async Task Sync_NstancesFileLacksARowThatMightHarm_AddsNone(string status, bool isRegistered)
    {
        using var shard = new SharedShard(NstanceGeneration.V2);
        shard.AddMember(hours: 5);
        shard.AddMember(
            hours: 4, status: InstanceStatuses.Parse(status), hasRow: false, isRegistered: isRegistered);
        shard.Input = shard.Input with { DryRun = false };
        await shard.Activities.AcquireShardAsync(new(SharedShard.Shard, shard.Input.AsOf));
        shard.Report();
        var before = shard.Nstance.File.Ids();

        var sync = await shard.Activities.SyncProviderAsync(shard.Input);

        Assert.Equal(0, sync.Added);
        Assert.Equal(before, shard.Nstance.File.Ids());
        Assert.Empty(sync.Problems);
    }

    /// <summary>With a wrong ETag, the hourly listing would read the record again.</summary>
    [Fact]
    public async Task Sync_OwnFileWithoutTheRow_IsAddedInTheVersionThatWasRead()
    {
        using var world = new CollectWorld();
        var lost = world.Add(registered: true, recordRegistered: true);
        world.Sql("DELETE FROM instances WHERE id = $id", ("$id", lost.Id));
        var ct = TestContext.Current.CancellationToken;
        var version = (await world.Records.ListAsync(CollectWorld.Shard, ct).SingleAsync(ct)).Single();

        Assert.Equal(1, (await SyncAsync(world)).Added);

        Assert.True(world.IsLive(lost));
        Assert.Empty(world.Db.FindChangedRecords([(lost.Id, version.ETag)]));
    }

    /// <summary>One read after another may outlast the heartbeat timeout.</summary>
    [Fact]
    public async Task Sync_ManyRecordedWithoutRows_HeartbeatsAtEachRead()
    {
        using var world = new CollectWorld();
        for (var n = 0; n < 20; n++) world.Add(registered: true, recordRegistered: true);
        world.Sql("DELETE FROM instances");
        var beats = 0;

        await SyncAsync(world, _ => beats += world.Records.Reads.Count is > 0 and < 20 ? 1 : 0);

        Assert.InRange(beats, 19, int.MaxValue);
    }

    private static Task<SyncResult> SyncAsync(CollectWorld world, Action<string>? beat = null)
    {
        world.Db.SetMeta(MetaKeys.RebuiltAt, CollectWorld.AsOf);
        return world.SyncAsync(beat: beat);
    }
}
