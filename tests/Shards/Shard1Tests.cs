using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Shards;

/// <summary>The golden shard, one whole collection on fakes.</summary>
public sealed class Shard1Tests : IDisposable
{
    private readonly Shard1 _shard = new();

    public void Dispose() => _shard.Dispose();

    [Fact]
    public async Task Cycle_GoldenShard_DoesExactlyWhatIsExpected()
    {
        var before = _shard.Rows(AllButSynced);
        var objects = new Dictionary<string, byte[]>(_shard.Records.Objects);
        var activities = _shard.Activities();
        await activities.AcquireShardAsync(new(_shard.Shard, _shard.AsOf));
        var sync = await activities.SyncProviderAsync(_shard.Input);
        Assert.Empty(sync.Problems);
        var collect = await activities.CollectAsync(_shard.Input);
        var health = await activities.ScanHealthAsync(_shard.Input);
        var purge = await activities.PurgeRecordsAsync(_shard.Input);

        Assert.Equal(_shard.Ids("terminate", "provider"), _shard.Cloud.TerminateCalls.Order(StringComparer.Ordinal));
        var deleted = _shard.Rows("deleted_at").Where(r => r.Value is not null).Select(r => r.Key).ToHashSet();
        foreach (var id in (string[])[.. _shard.Ids("cleanWithoutTerminate"), .. _shard.Ids("markDeleted")])
            Assert.Contains(id, deleted);
        Assert.Equal(3, sync.MarkedDeleted);
        var rows = _shard.Rows("tenant");
        foreach (var id in _shard.Ids("purge")) Assert.DoesNotContain(id, rows.Keys);
        Assert.Equal(_shard.Ids("purge").Count, purge.Purged);
        Assert.Equal(
            _shard.Ids("check"),
            _shard.Events.Events.Where(e => e.Type == ReconcileEventType.CheckInstance)
                .Select(e => e.InstanceId!).Order(StringComparer.Ordinal));
        Assert.Equal(4, health.Enqueued);
        foreach (var id in _shard.Ids("backfill")) Assert.Equal("acme", rows[id]);
        foreach (var id in _shard.Ids("spare")) Assert.DoesNotContain(id, deleted);
        Assert.Equal(0, collect.Of(CollectReason.Unhealthy).Failed + collect.Of(CollectReason.Dangling).Failed + collect.Of(CollectReason.Orphan).Failed);

        string[] gone =
        [
            .. _shard.Ids("terminate", "key"), .. _shard.Ids("cleanWithoutTerminate", "key"), .. _shard.Ids("purge", "key"),
        ];
        Assert.Equal(
            objects.Keys.Except(gone).Order(StringComparer.Ordinal),
            _shard.Records.Objects.Keys.Order(StringComparer.Ordinal));

        // Whatever was to be kept is what it was, but for what the sync owns.
        var after = _shard.Rows(AllButSynced);
        string[] kept = [.. _shard.Ids("keep"), .. _shard.Ids("check")];
        foreach (var id in kept.Where(before.ContainsKey)) Assert.Equal(before[id], after[id]);
        foreach (var id in kept.Where(id => !before.ContainsKey(id))) Assert.DoesNotContain(id, after.Keys);
    }

    [Fact]
    public async Task Cycle_RunTwice_TerminatesAndEnqueuesNothingNew()
    {
        var activities = _shard.Activities();
        await activities.AcquireShardAsync(new(_shard.Shard, _shard.AsOf));
        for (var i = 0; i < 2; i++)
        {
            await activities.SyncProviderAsync(_shard.Input);
            await activities.CollectAsync(_shard.Input);
            await activities.ScanHealthAsync(_shard.Input);
            await activities.PurgeRecordsAsync(_shard.Input);
        }

        Assert.Equal(_shard.Ids("terminate", "provider").Count, _shard.Cloud.TerminateCalls.Distinct().Count());
        Assert.Single(_shard.Events.Batches.Where(b => b.Key.Contains("/health/")).Select(b => b.Key).Distinct());
    }

    [Fact]
    public async Task Cycle_DryRun_TerminatesMarksDeletesAndEnqueuesNothing()
    {
        var activities = _shard.Activities();
        await activities.AcquireShardAsync(new(_shard.Shard, _shard.AsOf));
        var deleted = _shard.Rows("deleted_at").Count(r => r.Value is not null);
        var objects = _shard.Records.Objects.Count;
        var input = _shard.Input with { DryRun = true };
        await activities.SyncProviderAsync(input);
        await activities.CollectAsync(input);
        await activities.ScanHealthAsync(input);
        var purge = await activities.PurgeRecordsAsync(input);

        Assert.Equal(7, purge.Expired);
        Assert.Empty(_shard.Cloud.TerminateCalls);
        Assert.Empty(_shard.Events.Batches);
        Assert.Equal(objects, _shard.Records.Objects.Count);
        Assert.Equal(deleted, _shard.Rows("deleted_at").Count(r => r.Value is not null));
    }

    private const string AllButSynced = """
        json_array(tenant, group_key, on_demand, fqdn, nonce, issued_at, instance_pub, registered_at, certificates_at,
          health_at, health, infra_config_hash, drain_started_at, drain_acked_at, created_at, deleted_at)
        """;
}
