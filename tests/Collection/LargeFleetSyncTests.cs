using Nstance.Temporal.Activities.Cloud;
using Nstance.Temporal.Activities.Collection;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Tests.Support;
using Nstance.Temporal.Workflows.Contracts;

namespace Nstance.Temporal.Tests.Collection;

/// <summary>The golden shard among so many machines that their rows are read ahead, and written on two connections.</summary>
public sealed class LargeFleetSyncTests : IDisposable
{
    private const int More = 1_500;
    private const int Many = 300;

    private readonly Shard1 _small = new();
    private readonly Shard1 _large = new();

    public LargeFleetSyncTests()
    {
        // As nstance's server has it; without, no other connection is opened.
        _large.Execute("PRAGMA journal_mode = wal");
        _large.Execute($$"""
            WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {{More - 1}})
            INSERT INTO instances (id, tenant, nonce, provider_id, provider_state, issued_at, created_at, registered_at, health_at)
            SELECT printf('more-%06d', i), 'tenant-1', 'more' || i, 'i-more' || i, '{"status":"pending"}', '2026-10-01 00:00:00+00:00',
              '2026-10-01 00:00:00+00:00', '2026-10-01 00:01:00+00:00', '{{GoTime.Format(_large.AsOf)}}' FROM n
            """);
        for (var n = 0; n < More; n++) _large.Cloud.Add(Machine(n, InstanceStatus.Running));
        _large.Cloud.PageSize = 100;
        _large.Many = Many;
    }

    public void Dispose()
    {
        _small.Dispose();
        _large.Dispose();
    }

    [Fact]
    public async Task Sync_LargeFleet_JudgesTheGoldenShardAsASmallOne()
    {
        var (small, large) = (await SyncAsync(_small), await SyncAsync(_large));

        Assert.Equal(
            (small.Listed + More, small.Updated + More, small.Added, small.MarkedDeleted, small.Spared, small.Invalid),
            (large.Listed, large.Updated, large.Added, large.MarkedDeleted, large.Spared, large.Invalid));
        Assert.Equal(ListInParts.MostParts, _large.Cloud.Listings.Distinct().Count(part => part != IdPart.Whole));
        foreach (var column in new[] { "provider_id", "provider_state", "deleted_at", "updated_at", "ip4" })
        {
            var rows = _large.Rows(column);
            Assert.All(_small.Rows(column), row => Assert.Equal(row.Value, rows[row.Key]));
        }
    }

    [Fact]
    public async Task Sync_NothingChangedSince_WritesNoRow()
    {
        await SyncAsync(_large);
        var before = _large.Rows("updated_at");

        var again = await SyncAsync(_large);

        Assert.Equal((0, 0), (again.Updated, again.MarkedDeleted));
        Assert.Equal(before, _large.Rows("updated_at"));
    }

    [Fact]
    public async Task Sync_AFewChanged_WritesTheseAlone()
    {
        await SyncAsync(_large);
        for (var n = 0; n < More; n += 300) _large.Cloud.Add(Machine(n, InstanceStatus.Stopping));
        _large.Cloud.Unlisted.Add("i-more7");

        var result = await SyncAsync(_large);

        Assert.Equal((5, 0), (result.Updated, result.MarkedDeleted));
        Assert.All(_large.Rows("provider_state").Where(row => row.Key.StartsWith("more-", StringComparison.Ordinal)), row => Assert.Contains(
            int.Parse(row.Key["more-".Length..]) % 300 == 0 ? "\"status\":\"stopping\"" : "\"status\":\"running\"", row.Value));
    }

    private static CloudInstance Machine(int n, InstanceStatus status) => new(
        $"i-more{n}", status.Name(), status, null, "us-west-2a", $"10.1.{n / 256}.{n % 256}", null, null, new Dictionary<string, string>
        {
            [CloudTags.Managed] = "true",
            [CloudTags.ClusterId] = "prod-eu",
            [CloudTags.Shard] = "us-west-2a",
            [CloudTags.InstanceId] = $"more-{n:D6}",
        });

    private static async Task<SyncResult> SyncAsync(Shard1 shard)
    {
        await shard.Activities().AcquireShardAsync(new(shard.Shard, shard.AsOf));
        return await shard.Activities().SyncProviderAsync(shard.Input);
    }
}
