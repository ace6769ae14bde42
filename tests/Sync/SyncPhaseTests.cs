using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Tests.Support;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Tests.Sync;

/// <summary>Most cases are rows that must not be marked.</summary>
public sealed class SyncPhaseTests : IDisposable
{
    private readonly Shard1 _shard = new();

    public void Dispose() => _shard.Dispose();

    [Fact]
    public async Task Sync_EmptyListing_MarksOnlyWhatADescribeSaysIsGone()
    {
        foreach (var id in _shard.Cloud.Instances.Keys) _shard.Cloud.Unlisted.Add(id);

        var result = await SyncAsync();

        Assert.Equal((0, 3), (result.Listed, result.MarkedDeleted));
        Assert.Equal(_shard.Ids("markDeleted"), NewlyDeleted());
        var told = _shard.Audit.Entries.ToLookup(e => e.Action, e => e.Instance);
        Assert.Equal(_shard.Ids("markDeleted"), told["marked-deleted"].Order(StringComparer.Ordinal));
        Assert.Equal(result.Skipped, told["skipped"].Count());
    }

    [Fact]
    public async Task Sync_CloudOfAnotherAccount_MarksNothingAndSaysSo()
    {
        _shard.Cloud.Instances.Clear();

        var result = await SyncAsync();

        Assert.Equal(0, result.MarkedDeleted);
        Assert.Empty(NewlyDeleted());
        Assert.Contains(result.Problems, p => p.Contains("wrong account or region"));
    }

    [Fact]
    public async Task Sync_DescribeFails_SkipsAll()
    {
        _shard.Cloud.DescribeFault = new CloudException(CloudFault.Throttled, "slow down");

        var result = await SyncAsync();

        Assert.Equal((0, 3), (result.MarkedDeleted, result.Skipped));
        AssertAllSkipped(result, "not listed; the cloud could not say more");
    }

    [Fact]
    public async Task Sync_DescribeCannotSay_Skips()
    {
        foreach (var id in _shard.Ids("markDeleted", "provider")) _shard.Cloud.Undescribable.Add(id);

        var result = await SyncAsync();

        Assert.Equal(3, result.Skipped);
        AssertAllSkipped(result, "not listed; the cloud could not say more");
    }

    [Fact]
    public async Task Sync_ListingBreaksOff_FailsAndMarksNothing()
    {
        _shard.Cloud.PageSize = 10;
        _shard.Cloud.ListFault = new CloudException(CloudFault.Transient, "connection lost");

        var e = await Assert.ThrowsAsync<ApplicationFailureException>(SyncAsync);

        Assert.Equal(ErrorTypes.Unavailable, e.ErrorType);
        Assert.Empty(NewlyDeleted());
    }

    [Fact]
    public async Task Sync_RowYoungerThanListing_IsNotJudged()
    {
        foreach (var id in _shard.Ids("markDeleted"))
            _shard.Execute($"UPDATE instances SET updated_at = '2026-11-23 18:39:30.5+00:00' WHERE id = '{id}'");

        Assert.Equal(0, (await SyncAsync()).MarkedDeleted);
        Assert.Empty(NewlyDeleted());
    }

    [Fact]
    public async Task Sync_RegisteredMachineLosesItsIdTag_IsNeitherOrphanedNorMarked()
    {
        var id = _shard.Ids("keep").First(k => _shard.Rows("registered_at").GetValueOrDefault(k) is not null);
        var machine = _shard.Cloud.Instances.Values.Single(i => i.InstanceId == id);
        _shard.Cloud.Add(machine with
        {
            Tags = machine.Tags.Where(t => t.Key != CloudTags.InstanceId).ToDictionary(),
        });

        var result = await SyncAsync();

        Assert.Equal(_shard.Ids("markDeleted"), NewlyDeleted());
        Assert.DoesNotContain($"dangling-{machine.ProviderId}", _shard.Rows("tenant").Keys);
        Assert.Contains(result.Problems, p => p.Contains(machine.ProviderId));
    }

    [Fact]
    public async Task Sync_SecondMachineWithTheSameId_RowKeepsItsOwn()
    {
        var machine = _shard.Cloud.Instances.Values.First(i => i.InstanceId == _shard.Ids("keep")[0]);
        _shard.Cloud.Add(machine with { ProviderId = "i-00000000000000001" });
        _shard.Cloud.Add(machine with { ProviderId = "i-zzzzzzzzzzzzzzzzz" });

        var result = await SyncAsync();

        Assert.Equal(machine.ProviderId, _shard.Rows("provider_id")[machine.InstanceId!]);
        Assert.Contains(
            result.Problems,
            p => p == $"3 machines carry the instance id {machine.InstanceId}; manual review required");
    }

    [Fact]
    public async Task Sync_RecordsUnreachable_AddsNothing()
    {
        _shard.Records.ListFault = new CloudException(CloudFault.Transient, "no answer");

        var result = await SyncAsync();

        Assert.Equal(0, result.Added);
        Assert.Contains(result.Problems, p => p.Contains("because their records were not listed"));
    }

    [Fact]
    public async Task Sync_MarkedDeletedButRunning_RowStaysAsNstanceLeftIt()
    {
        var id = _shard.Ids("keep").First(k => _shard.Rows("registered_at").GetValueOrDefault(k) is not null
            && _shard.Cloud.Instances.Values.Any(i => i.InstanceId == k));
        _shard.Execute($"UPDATE instances SET deleted_at = '2026-11-23 18:00:00' WHERE id = '{id}'");

        await SyncAsync();

        Assert.Equal("2026-11-23 18:00:00", _shard.Rows("deleted_at")[id]);
    }

    [Fact]
    public async Task Sync_SecondTime_WritesNothing()
    {
        await SyncAsync();
        var again = await _shard.Activities().SyncProviderAsync(_shard.Input);
        Assert.Equal((0, 0, 0), (again.Added, again.Updated, again.MarkedDeleted));
    }

    [Fact]
    public async Task Sync_ConfigBroken_KeepsTimingsAndSaysSo()
    {
        await _shard.Activities().AcquireShardAsync(new(_shard.Shard, _shard.AsOf));
        _shard.Records.Config = "{ nonsense"u8.ToArray();
        var timings = new ShardTimings { RegistrationTimeout = TimeSpan.FromMinutes(7) };

        var result = await _shard.Activities().SyncProviderAsync(_shard.Input with { Timings = timings });

        Assert.Equal(timings, result.Timings);
        Assert.Contains(result.Problems, p => p.Contains("config.jsonc"));
    }

    [Fact]
    public async Task Sync_ConfigOfAnotherCluster_StopsBeforeAnythingIsTouched()
    {
        await _shard.Activities().AcquireShardAsync(new(_shard.Shard, _shard.AsOf));
        _shard.Records.Config = """{"cluster":{"id":"other"},"shard":{"id":"us-west-2a"}}"""u8.ToArray();

        var e = await Assert.ThrowsAsync<ApplicationFailureException>(
            () => _shard.Activities().SyncProviderAsync(_shard.Input));

        Assert.Equal((ErrorTypes.BadConfiguration, true), (e.ErrorType, e.NonRetryable));
        Assert.Empty(NewlyDeleted());
    }

    private async Task<SyncResult> SyncAsync()
    {
        await _shard.Activities().AcquireShardAsync(new(_shard.Shard, _shard.AsOf));
        return await _shard.Activities().SyncProviderAsync(_shard.Input);
    }

    private void AssertAllSkipped(SyncResult result, string why)
    {
        Assert.Empty(NewlyDeleted());
        var skipped = result.Samples.Where(sample => sample.Action == "skipped").ToList();
        Assert.Equal(_shard.Ids("markDeleted"), skipped.Select(s => s.InstanceId).Order(StringComparer.Ordinal));
        Assert.All(skipped, sample => Assert.Equal(why, sample.Why));
    }

    private IEnumerable<string> NewlyDeleted() => _shard.Rows("deleted_at")
        .Where(r => GoTime.TryParse(r.Value, out var at) && at == _shard.AsOf)
        .Select(r => r.Key).Order(StringComparer.Ordinal);
}
