using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Tests.Collect;

namespace Nstance.Temporal.Tests.Purge;

/// <summary>What the report and the audit say of a purge.</summary>
public sealed class PurgeReportTests : IDisposable
{
    private const string Why = "deleted at 2026-11-23 16:40:00Z, past the retention";

    private readonly CollectWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task Purge_Expired_IsCountedNamedAndAudited()
    {
        var made = Expired();

        var result = await _world.PurgeAsync();

        Assert.Equal((1, 1, 0, 0), (result.Expired, result.Purged, result.Failed, result.WithoutRecord));
        AssertOnlySample(result, made, "purged", Why);
        AssertAudit(made, "purged");
        Assert.Empty(result.Problems);
        var beat = Assert.Single(_world.Beats);
        Assert.Equal("purge: 1 of 1", beat.Doing);
        Assert.Equal((1, 1, 0), (beat.Purged!.Expired, beat.Purged.Purged, beat.Purged.Failed));
        Assert.False(_world.HasRecord(made));
    }

    [Fact]
    public async Task Purge_DryRun_NamesItAndDeletesNothing()
    {
        var made = Expired();
        _world.Input = _world.Input with { DryRun = true };

        var result = await _world.PurgeAsync();

        Assert.Equal((1, 0, 0), (result.Expired, result.Purged, result.Failed));
        AssertOnlySample(result, made, "would purge", Why);
        AssertAudit(made, "would-purge");
        Assert.True(_world.HasRecord(made));
        Assert.Empty(_world.Beats);
    }

    [Fact]
    public async Task Purge_InQuietHours_SaysSoAndDeletesNothing()
    {
        var made = Expired();
        _world.Input = _world.Input with { QuietHours = [new("18:00", "19:00")] };

        var result = await _world.PurgeAsync();

        Assert.Equal(0, result.Expired);
        Assert.StartsWith("quiet hours 18:00-19:00", Assert.Single(result.Problems));
        Assert.True(_world.HasRecord(made));
    }

    [Fact]
    public async Task Purge_PausedSweep_NamesItAndDeletesNothing()
    {
        var made = Expired();
        _world.Input = _world.Input with { PartialPauses = [new("not now", CollectWorld.AsOf, Sweep: Sweep.Purge)] };

        var result = await _world.PurgeAsync();

        Assert.Equal(0, result.Expired);
        AssertOnlySample(result, made, "skipped", "paused (every group, Purge): not now");
        Assert.True(_world.HasRecord(made));
    }

    [Fact]
    public async Task Purge_RecordIsNotDeleted_RowStaysAndTheReportNamesIt()
    {
        var made = Expired();
        var other = Expired();
        _world.Records.Undeletable.Add(made.Key);

        var result = await _world.PurgeAsync();

        Assert.Equal((2, 1, 1), (result.Expired, result.Purged, result.Failed));
        Assert.Equal($"record {made.Key} could not be deleted: no answer", result.Outage);
        AssertOnlySample(result, other, "purged", Why);
        Assert.NotNull(_world.Db.Find(made.Id));
        Assert.Equal((1, 0), (_world.Beats[^1].Purged!.Expired, _world.Beats[^1].Purged!.Failed));
    }

    [Fact]
    public async Task Purge_ATableRefersToTheRow_RowStaysAndTheReportNamesIt()
    {
        var made = Expired();
        _world.Sql("CREATE TABLE later (instance_id TEXT NOT NULL REFERENCES instances (id))");
        _world.Sql("INSERT INTO later VALUES ($id)", ("$id", made.Id));

        var result = await _world.PurgeAsync();

        Assert.Equal((0, 1), (result.Purged, result.Failed));
        Assert.Equal(
            $"row {made.Id} was not deleted: a table refers to it, or it is active again",
            Assert.Single(result.Problems));
        Assert.NotNull(_world.Db.Find(made.Id));
    }

    /// <summary>The key of its record holds the tenant: a listing finds it.</summary>
    [Fact]
    public async Task Purge_TenantIsUnknown_ItsRecordIsFoundAndDeleted()
    {
        var made = Expired();
        _world.Sql("UPDATE instances SET tenant = '' WHERE id = $id", ("$id", made.Id));

        var result = await _world.PurgeAsync();

        Assert.Equal((1, 0), (result.Purged, result.WithoutRecord));
        Assert.False(_world.HasRecord(made));
    }

    [Fact]
    public async Task Purge_TenantIsUnknownAndThereIsNoRecord_IsCounted()
    {
        var made = Expired();
        _world.Sql("UPDATE instances SET tenant = '' WHERE id = $id", ("$id", made.Id));
        _world.Records.Objects.Clear();

        var result = await _world.PurgeAsync();

        Assert.Equal((1, 1), (result.Purged, result.WithoutRecord));
    }

    [Fact]
    public async Task Purge_TenantIsUnknownAndRecordsAreNotListed_RowStaysAndTheReportSaysSo()
    {
        var made = Expired();
        _world.Sql("UPDATE instances SET tenant = '' WHERE id = $id", ("$id", made.Id));
        _world.Records.ListFault = new(CloudFault.Transient, "no answer");

        var result = await _world.PurgeAsync();

        Assert.Equal((0, 1), (result.Purged, result.Failed));
        Assert.Equal("records of 1 instances without tenant could not be looked for: no answer", result.Outage);
        Assert.NotNull(_world.Db.Find(made.Id));
    }

    /// <summary>An invalid id has no record.</summary>
    [Fact]
    public async Task Purge_RowOfNoValidId_IsDeletedAlone()
    {
        var made = Expired();
        _world.Sql("UPDATE instances SET id = 'dangling-i-1' WHERE id = $id", ("$id", made.Id));

        var result = await _world.PurgeAsync();

        Assert.Equal((1, 1), (result.Purged, result.WithoutRecord));
        Assert.True(_world.HasRecord(made));
    }

    [Fact]
    public async Task Purge_InvalidTimeOfDeletion_RowStaysAndIsNamed()
    {
        var made = Expired();
        _world.Sql("UPDATE instances SET deleted_at = 'long ago' WHERE id = $id", ("$id", made.Id));

        var result = await _world.PurgeAsync();

        Assert.Equal((0, 1), (result.Expired, result.Invalid));
        Assert.StartsWith($"row {made.Id}: invalid deleted_at", Assert.Single(result.Problems));
    }

    [Fact]
    public async Task Purge_AuditCannotBeWritten_IsPurgedAndTheLineWaits()
    {
        var made = Expired();
        _world.Audit.PutFault = new(CloudFault.Transient, "S3: 503");

        var result = await _world.PurgeAsync();

        Assert.Equal(1, result.Purged);
        Assert.Equal("the audit waits on this host, the bucket did not take it: S3: 503", result.Outage);
        _world.Audit.PutFault = null;
        await _world.PurgeAsync();
        AssertAudit(made, "purged");
    }

    [Fact]
    public async Task Purge_MoreThanOnePage_PurgesAllAndHeartbeatsForEach()
    {
        for (var i = 0; i < 1_001; i++) Expired();

        var result = await _world.PurgeAsync();

        Assert.Equal((1_001, 1_001), (result.Expired, result.Purged));
        Assert.Equal(
            ["purge: 1000 of 1000", "purge: 1001 of 1001"], _world.Beats.Select(beat => beat.Doing));
    }

    private CollectWorld.Made Expired()
    {
        var made = _world.Add(inCloud: false);
        _world.Expire(made, CollectWorld.AsOf.AddHours(-2));
        return made;
    }

    private static void AssertOnlySample(PurgeResult result, CollectWorld.Made made, string action, string why)
    {
        var sample = Assert.Single(result.Samples);
        Assert.Equal((made.Id, action, why), (sample.InstanceId, sample.Action, sample.Why));
    }

    private void AssertAudit(CollectWorld.Made made, string action)
    {
        var entry = Assert.Single(_world.Audit.Entries);
        Assert.Equal(
            (made.Id, action, "retention", Why), (entry.Instance, entry.Action, entry.Reason, entry.Why));
    }
}
