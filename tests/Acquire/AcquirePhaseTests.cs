using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Rules;
using Nstance.Temporal.Tests.Support;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Tests.Acquire;

public sealed class AcquirePhaseTests : IDisposable
{
    private readonly Shard1 _shard = new();

    private string OwnPath => Path.Combine(_shard.OwnFolder, "prod-eu", "us-west-2a.db");

    public void Dispose() => _shard.Dispose();

    [Fact]
    public async Task Acquire_NewOwnDatabase_ReadsEveryRecordAndNamesTheBrokenOne()
    {
        var result = await AcquireAsync();

        Assert.True(result.Rebuilt);
        Assert.False(result.SharedDatabase);
        Assert.Equal("nstance-gc@host-a", result.TaskQueue);
        Assert.Equal(1, result.InvalidRecords);
        var broken = _shard.Ids("invalidRecords", "key")[0];
        Assert.Contains(result.Problems, p => p.Contains(broken) && !p.Contains("{not json"));
        Assert.Equal(result.RecordsRead, _shard.Rows("tenant", OwnPath).Count);
        Assert.Equal(
            _shard.Records.Objects.Keys.Count(k => k.Contains("/instance/")) - 1, result.RecordsRead);
    }

    [Fact]
    public async Task Acquire_SameHostAgain_ReadsNothing_OtherHostBefore_SkipsUnchanged()
    {
        await AcquireAsync();
        _shard.Records.Reads.Clear();
        Assert.False((await AcquireAsync("host-a")).Rebuilt);
        Assert.True((await AcquireAsync("host-b")).Rebuilt);
        Assert.Equal(_shard.Ids("invalidRecords", "key"), _shard.Records.Reads);
    }

    [Fact]
    public async Task Acquire_SomeGetsFail_KeepsTheRowsAndTriesAgain()
    {
        await AcquireAsync();
        var before = _shard.Rows("registered_at", OwnPath);
        foreach (var key in _shard.Records.Objects.Keys.Where(k => k.Contains("/instance/acme.")).ToList())
        {
            _shard.Records.Unreadable.Add(key);
            _shard.Records.Objects[key] = [.. _shard.Records.Objects[key], (byte)' '];
        }

        var result = await AcquireAsync("host-b");

        Assert.Contains(result.Problems, p => p.Contains("could not be read"));
        Assert.Equal(before, _shard.Rows("registered_at", OwnPath));
    }

    [Fact]
    public async Task Acquire_RecordDisappeared_KeepsTheRow()
    {
        await AcquireAsync();
        var rows = _shard.Rows("deleted_at", OwnPath);
        foreach (var key in _shard.Records.Objects.Keys.Where(k => k.Contains("/instance/")).ToList())
            _shard.Records.Objects.Remove(key);
        await AcquireAsync("host-b");
        Assert.Equal(rows, _shard.Rows("deleted_at", OwnPath));
    }

    [Fact]
    public async Task Cycle_AfterRebuild_EvaluatesNoHealth()
    {
        await AcquireAsync();
        var activities = _shard.Activities(own: true);
        await activities.SyncProviderAsync(_shard.Input);
        var later = _shard.Input with { AsOf = _shard.AsOf.AddMinutes(10) };
        var health = await activities.ScanHealthAsync(later);
        Assert.Equal((0, 0, (string?)null), (health.Stale, health.Enqueued, health.Suspect));
        Assert.Empty(_shard.Events.Batches);
    }

    [Fact]
    public async Task Acquire_RecordSaysDeleting_RowIsACandidateAndNotRevived()
    {
        var key = _shard.Records.Objects.Keys.First(k => k.EndsWith("-knd.json", StringComparison.Ordinal));
        _shard.Records.Put(key, System.Text.Encoding.UTF8.GetString(_shard.Records.Objects[key])
            .Replace("\"status\": \"running\"", "\"status\": \"deleting\"")
            .Replace("\"status\": \"pending\"", "\"status\": \"deleting\""));
        await AcquireAsync();
        using var database = Nstance.Temporal.Activities.Database.ShardDatabase.Open(OwnPath, _shard.Shard, own: true);
        Assert.Single(database.FindUnhealthy());
    }

    /// <summary>Such as one archived object, or one under another key of KMS. nstance goes on too.</summary>
    [Fact]
    public async Task Acquire_OneRecordIsRefused_TheOthersAreReadAndItIsNamed()
    {
        var refused = _shard.Records.Objects.Keys.First(key => key.Contains("/instance/", StringComparison.Ordinal));
        _shard.Records.Refused.Add(refused);

        var result = await AcquireAsync();

        Assert.True(result.Rebuilt);
        Assert.InRange(result.RecordsRead, 1, int.MaxValue);
        Assert.Contains(
            $"1 records could not be read, and their rows were not changed: {refused}: refused", result.Problems);
    }

    /// <summary>Another host may have the permission.</summary>
    [Fact]
    public async Task Acquire_EveryRecordIsRefused_FailsAndSaysSo()
    {
        _shard.Records.Refused.UnionWith(_shard.Records.Objects.Keys);

        var e = await Assert.ThrowsAsync<ApplicationFailureException>(() => AcquireAsync());

        Assert.Equal(ErrorTypes.Denied, e.ErrorType);
        Assert.EndsWith(": refused", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Acquire_Denied_SaysSo()
    {
        _shard.Records.ConfigFault = new CloudException(CloudFault.Denied, "no");
        var e = await Assert.ThrowsAsync<ApplicationFailureException>(() => AcquireAsync());
        Assert.Equal(ErrorTypes.Denied, e.ErrorType);
    }

    /// <summary>nstance may have made a machine anew under the id of a marked row, while another host synced.</summary>
    [Theory]
    [InlineData("host-a", true)]
    [InlineData("host-b", false)]
    public async Task Acquire_AnotherHostBefore_PurgesNothingBeforeASync(string previous, bool mayPurge)
    {
        await AcquireAsync();
        await _shard.Activities(own: true).SyncProviderAsync(_shard.Input);
        await AcquireAsync(previous);

        using var database = ShardDatabase.OpenToRead(OwnPath, _shard.Shard, own: true);
        var synced = database.GetMetaTime(MetaKeys.SyncedAt);
        Assert.Equal(mayPurge, PurgeRules.DeletedBefore(_shard.Input, synced) is not null);
    }

    [Fact]
    public async Task Phase_OnAHostThatNeverAcquired_IsNotHeld()
    {
        var e = await Assert.ThrowsAsync<ApplicationFailureException>(
            () => _shard.Activities(own: true).PurgeRecordsAsync(_shard.Input));
        Assert.Equal(ErrorTypes.ShardNotHeld, e.ErrorType);
    }

    private Task<AcquireShardResult> AcquireAsync(string? previous = null) => _shard.Activities(own: true)
        .AcquireShardAsync(new(_shard.Shard, _shard.AsOf) { PreviousHost = previous });
}
