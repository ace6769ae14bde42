using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Tests.Collect;

namespace Nstance.Temporal.Tests.Sync;

/// <summary>What a sync counts, remembers and reports.</summary>
public sealed class SyncReportTests : IDisposable
{
    private readonly CollectWorld _world = new();
    private int _listings;

    public SyncReportTests()
    {
        _world.Db.SetMeta(MetaKeys.RebuiltAt, CollectWorld.AsOf);
        _world.Records.BeforeList = () => _listings++;
        _world.Input = _world.Input with { AsOf = CollectWorld.AsOf.AddMinutes(2) };
    }

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task Sync_Listing_CountsStatesAndGroups()
    {
        Add(group: "web");
        Add(group: "db");
        Add(group: "db", status: InstanceStatus.Stopped);
        _world.Add(shardTag: "us-west-2b");
        var beats = new List<string>();
        var phase = _world.Sync(new(), beats.Add);

        var result = await phase.RunAsync(CancellationToken.None);

        Assert.Equal((3, 1), (result.Listed, result.Updated));
        Assert.Equal(["db", "web"], result.Groups);
        Assert.Equal((2, 1, 0), (phase.States["running"], phase.States["stopped"], phase.States["pending"]));
        Assert.Equal(["sync: listing, 3 listed", "sync: writing, 3 listed"], beats.Take(2));
        Assert.Empty(result.Problems);
    }

    [Fact]
    public async Task Sync_UnchangedListing_UpdatesNothing()
    {
        Add();
        await _world.SyncAsync();

        Assert.Equal((1, 0), (await _world.SyncAsync()) is var r ? (r.Listed, r.Updated) : default);
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public async Task Sync_Complete_IsRememberedForThePurgeUnlessDry(bool dryRun, bool isRemembered)
    {
        Add();
        _world.Input = _world.Input with { DryRun = dryRun };

        await _world.SyncAsync();

        Assert.Equal(isRemembered ? _world.Input.AsOf : CollectWorld.AsOf, _world.Db.GetMetaTime(MetaKeys.SyncedAt));
    }

    [Theory]
    [InlineData("listed", "1")]
    [InlineData("only by id", "1")]
    [InlineData("nothing", "0")]
    public async Task Sync_OwnInstances_AreSeenOrNot(string seen, string expected)
    {
        if (seen != "nothing")
        {
            var made = Add();
            if (seen == "only by id") _world.Cloud.Unlisted.Add(made.ProviderId);
        }

        await _world.SyncAsync();

        Assert.Equal(expected, _world.Db.GetMeta(MetaKeys.SawOwn));
    }

    [Fact]
    public async Task Sync_InvalidAndDuplicateIds_AreNamedAndCounted()
    {
        var made = Add();
        _world.Cloud.Add(_world.Cloud.Instances[made.ProviderId] with { ProviderId = "i-twin" });
        _world.Sql(
            "INSERT INTO instances (id, tenant, nonce, created_at) VALUES (x'0a', 'acme', 'n', '2026-11-23 17:40:00')");

        var result = await _world.SyncAsync();

        Assert.Equal(
            [
                "row with the id x'0A': invalid id; row skipped",
                $"2 machines carry the instance id {made.Id}; manual review required",
            ],
            result.Problems);
        Assert.Equal(2, result.Invalid);
    }

    [Fact]
    public async Task Sync_AuditCannotBeWritten_SaysThatItWaits()
    {
        Add();
        Add(status: InstanceStatus.Deleted);
        _world.Audit.PutFault = new(CloudFault.Transient, "S3: 503");

        var result = await _world.SyncAsync();

        Assert.Equal("the audit waits on this host, the bucket did not take it: S3: 503", result.Outage);
        Assert.Equal(1, result.MarkedDeleted);
    }

    /// <summary>A time in the future was written while Temporal's clock was ahead.</summary>
    [Theory]
    [InlineData(-61, true)]
    [InlineData(-60, true)]
    [InlineData(-59, false)]
    [InlineData(0, false)]
    [InlineData(1, true)]
    public async Task Sync_OwnFile_ReadsNewRecordsOnceAnHour(int minutes, bool isRead)
    {
        Add();
        _world.Db.SetMeta(MetaKeys.RebuiltAt, _world.Input.AsOf.AddMinutes(minutes));

        await _world.SyncAsync();

        Assert.Equal(isRead ? 1 : 0, _listings);
    }

    [Fact]
    public async Task Sync_RecordsCannotBeListed_SyncsAndRetriesInTheNextCycle()
    {
        Add();
        _world.Db.SetMeta(MetaKeys.RebuiltAt, CollectWorld.AsOf.AddHours(-2));
        _world.Records.ListFault = new(CloudFault.Transient, "no answer");

        var result = await _world.SyncAsync();

        Assert.Equal("records without a machine were not read; the next cycle retries: no answer", result.Outage);
        Assert.Equal(1, result.Listed);
        await _world.SyncAsync();
        Assert.Equal(2, _listings);
    }

    private CollectWorld.Made Add(string group = "web", InstanceStatus status = InstanceStatus.Running) =>
        _world.Add(status: status, group: group, registered: true, recordRegistered: true);
}
