using Nstance.Temporal.Activities.Domain;

namespace Nstance.Temporal.Tests.Collect;

/// <summary>Records that the bucket does not delete: no <c>s3:DeleteObject</c>, an outage, a lock.</summary>
public sealed class KeptRecordTests : IDisposable
{
    private readonly CollectWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Cycles_RecordsCannotBeDeleted_TheChangeIsStatedOnceAndTheProblemStays(bool isInCloud)
    {
        var made = new[] { Garbage(isInCloud), Garbage(isInCloud), Garbage(isInCloud) };
        foreach (var one in made) _world.Records.Undeletable.Add(one.Key);

        var results = new List<CollectResult>();
        for (var n = 0; n < 30; n++)
        {
            results.Add(await CycleAsync());
            foreach (var one in made) _world.Cloud.Instances.Remove(one.ProviderId);
        }

        var total = results.SelectMany(r => r.Counts).Sum(c => c.Terminated + c.AlreadyGone + c.Failed);
        Assert.Equal(3, total);
        Assert.Single(_world.Events.Events);
        string[] lines = isInCloud ? ["terminating", "terminated"] : ["already-gone"];
        Assert.All(made, one => Assert.Equal(lines, _world.Audit.Of(one.Id)));
        Assert.All(made, one => Assert.False(_world.IsLive(one)));
        Assert.All(results, r => Assert.Single(r.Problems, problem => problem.EndsWith(
            " and 2 more of terminated instances could not be deleted: no answer; the next cycle retries. "
            + "Allow s3:DeleteObject on the bucket", StringComparison.Ordinal)));

        _world.Records.Undeletable.Clear();
        var after = await CycleAsync();

        Assert.Empty(after.Problems);
        Assert.All(made, one => Assert.False(_world.HasRecord(one)));
        Assert.Single(_world.Events.Events);
    }

    [Fact]
    public async Task Purge_RecordThatCollectCouldNotDelete_RowStaysAndCountsForNothing()
    {
        var made = Garbage(isInCloud: true);
        _world.Add(registered: true, recordRegistered: true);
        _world.Records.Undeletable.Add(made.Key);
        await CycleAsync();
        _world.Cloud.Instances.Remove(made.ProviderId);
        _world.Input = _world.Input with { AsOf = CollectWorld.AsOf.AddHours(2) };
        await _world.SyncAsync();

        var purge = await _world.PurgeAsync();

        Assert.Equal((0, 0, 0), (purge.Expired, purge.Purged, purge.Failed));
        Assert.NotNull(_world.Db.Find(made.Id));

        _world.Records.Undeletable.Clear();
        await _world.CollectAsync();
        Assert.Equal(1, (await _world.PurgeAsync()).Purged);
    }

    [Fact]
    public async Task Collect_NstanceWroteTheRecordAgain_IsNotDeleted()
    {
        var made = Garbage(isInCloud: true);
        _world.Records.Undeletable.Add(made.Key);
        await CycleAsync();
        _world.Records.Undeletable.Clear();
        _world.Records.Put(made.Key, $$"""
            { "instance_id": "{{made.Id}}", "tenant": "acme", "group": "web", "status": "pending",
              "provider_instance_id": "" }
            """);

        var result = await CycleAsync();

        Assert.True(_world.HasRecord(made));
        Assert.Empty(result.Problems);
    }

    /// <summary>An operator pauses, or the worker is killed, during the second try.</summary>
    [Fact]
    public async Task Collect_CancelledDuringTheRetry_TheNextCycleRetriesAgain()
    {
        var made = Garbage(isInCloud: true);
        _world.Records.Undeletable.Add(made.Key);
        await CycleAsync();
        _world.Records.Undeletable.Clear();
        _world.Records.DeleteFault = new OperationCanceledException();

        await Assert.ThrowsAsync<OperationCanceledException>(() => _world.CollectAsync());
        Assert.True(_world.HasRecord(made));
        await _world.CollectAsync();

        Assert.False(_world.HasRecord(made));
        Assert.Empty(_world.Db.FindKeptRecords());
    }

    [Fact]
    public async Task Collect_RowIsLiveAgain_ItsRecordStays()
    {
        var made = Garbage(isInCloud: true);
        _world.Records.Undeletable.Add(made.Key);
        await CycleAsync();
        _world.Records.Undeletable.Clear();
        _world.Sql("UPDATE instances SET deleted_at = NULL, provider_id = 'i-0000000000000099'");

        await _world.CollectAsync();

        Assert.True(_world.HasRecord(made));
    }

    [Fact]
    public async Task Collect_DryRun_DeletesNoRecordOfAnEarlierCycle()
    {
        var made = Garbage(isInCloud: true);
        _world.Records.Undeletable.Add(made.Key);
        await CycleAsync();
        _world.Records.Undeletable.Clear();
        _world.Input = _world.Input with { DryRun = true };

        Assert.Single((await _world.CollectAsync()).Problems);
        Assert.True(_world.HasRecord(made));
    }

    /// <summary>An operator pauses the group between two tries (chaos, seed 2810).</summary>
    [Theory]
    [InlineData("acme/web", null, false)]
    [InlineData("web", null, false)]
    [InlineData(null, Sweep.Unhealthy, false)]
    [InlineData("acme/db", null, true)]
    [InlineData(null, Sweep.Dangling, true)]
    public async Task Collect_PartIsPausedAfterTheFirstTry_OnlyRecordsOfOtherPartsAreDeleted(
        string? group, Sweep? sweep, bool isDeleted)
    {
        var made = Garbage(isInCloud: true);
        _world.Records.Undeletable.Add(made.Key);
        await CycleAsync();
        _world.Records.Undeletable.Clear();
        var unpaused = _world.Input;
        _world.Input = unpaused with { PartialPauses = [new() { Group = group, Sweep = sweep, Reason = "not now" }] };

        var result = await _world.CollectAsync();

        Assert.Equal(!isDeleted, _world.HasRecord(made));
        Assert.Null(result.Outage);

        _world.Input = unpaused;
        await _world.CollectAsync();

        Assert.False(_world.HasRecord(made));
        Assert.Empty(_world.Db.FindKeptRecords());
    }

    private CollectWorld.Made Garbage(bool isInCloud) => _world.Add(
        rowStatus: "stopped", status: InstanceStatus.Stopped, registered: true, recordRegistered: true,
        inCloud: isInCloud);

    private async Task<CollectResult> CycleAsync()
    {
        _world.Input = _world.Input with { AsOf = _world.Input.AsOf.AddMinutes(2), Cycle = _world.Input.Cycle + 1 };
        var result = await _world.CollectAsync();
        await _world.PurgeAsync();
        await _world.SyncAsync();
        return result;
    }
}
