using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Tests.Collect;

/// <summary>
/// The answer to a launch was lost, the agent registered, and the machine was terminated before any sync listed it. The
/// row names no instance, so only this reason finds it (chaos, seed 3757).
/// </summary>
public sealed class MachineLostTests : IDisposable
{
    private readonly CollectWorld _world = new();

    /// <summary>Adds one machine whose agent reports.</summary>
    public MachineLostTests()
    {
        _world.Db.SetMeta(MetaKeys.RebuiltAt, CollectWorld.AsOf);
        _world.Sql(
            "UPDATE instances SET health_at = $at WHERE id = $id",
            ("$at", GoTime.Format(CollectWorld.AsOf)),
            ("$id", _world.Add(registered: true, recordRegistered: true).Id));
    }

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task Collect_RegisteredWithoutInstanceSilentAndNowhere_IsMarkedAndPurgedLater()
    {
        var gone = Nameless();

        var result = await CollectAsync();

        Assert.Equal((1, 0), Counts(result));
        Assert.Contains(
            result.Samples,
            s => s.InstanceId == gone.Id && s.Action == "already-gone"
                && s.Why.Contains("registered, silent for", StringComparison.Ordinal));
        Assert.Contains(
            _world.Audit.Entries,
            e => e.Instance == gone.Id && e.Action == "already-gone" && e.Reason == "machine-lost");
        Assert.False(_world.IsLive(gone));
        Assert.True(_world.HasRecord(gone));

        _world.Input = _world.Input with { AsOf = CollectWorld.AsOf.AddHours(3) };
        await CollectAsync();
        Assert.Equal(1, (await _world.PurgeAsync()).Purged);
        Assert.False(_world.HasRecord(gone));
    }

    [Fact]
    public async Task Collect_MarkedInOurOwnFileAndListedLater_IsRevived()
    {
        var late = Nameless();
        await CollectAsync();
        Launch(late);
        _world.Input = _world.Input with { AsOf = CollectWorld.AsOf.AddMinutes(30) };

        await CollectAsync();

        Assert.True(_world.IsLive(late));
        Assert.Equal(late.ProviderId, _world.Db.Find(late.Id)!.ProviderId);
    }

    [Theory]
    [InlineData("-00:05:30", false)]
    [InlineData("-00:02:00", true)]
    public async Task Collect_AgentReported_IsNoCandidateForTheRegistrationTimeout(string ago, bool isLive)
    {
        var row = Nameless();
        var reported = CollectWorld.AsOf + TimeSpan.Parse(ago, System.Globalization.CultureInfo.InvariantCulture);
        _world.Sql(
            "UPDATE instances SET health_at = $at WHERE id = $id",
            ("$at", GoTime.Format(reported)), ("$id", row.Id));

        var result = await CollectAsync();

        Assert.Equal(isLive, _world.IsLive(row));
        Assert.Equal(isLive ? 0 : 1, result.Of(CollectReason.MachineLost).Candidates);
    }

    [Theory]
    [InlineData("health_at = '2026-11-23'")]
    [InlineData("health_at = x'00'")]
    [InlineData("registered_at = 'no time'")]
    [InlineData("issued_at = 'no time'")]
    [InlineData("created_at = 'no time'")]
    [InlineData("updated_at = 'no time'")]
    [InlineData("registered_at = NULL, issued_at = created_at")]
    public async Task Collect_InvalidRowOrUnregistered_IsNoCandidate(string change)
    {
        var row = Nameless();
        _world.Sql($"UPDATE instances SET {change} WHERE id = $id", ("$id", row.Id));

        var result = await CollectAsync();

        Assert.True(_world.IsLive(row));
        Assert.Equal(0, result.Of(CollectReason.MachineLost).Candidates);
    }

    [Fact]
    public async Task Collect_CloudCannotBeAskedByTag_IsSkipped()
    {
        var row = Nameless();
        _world.Cloud.FindFault = new CloudException(CloudFault.Throttled, "slow down");

        var result = await CollectAsync();

        Assert.Equal((0, 1), Counts(result));
        _world.AssertSkipped(row, result, "slow down");
    }

    [Fact]
    public async Task Collect_NotListedButFoundByTag_IsSkipped()
    {
        var row = Nameless();
        Launch(row);
        _world.Cloud.Unlisted.Add(row.ProviderId);

        var result = await CollectAsync();

        Assert.Equal((0, 1), Counts(result));
        _world.AssertSkipped(row, result, $"found at the cloud as {row.ProviderId}");
    }

    [Fact]
    public async Task Collect_RecordNamesAnInstance_IsGivenIt()
    {
        var row = _world.Add(registered: true, recordRegistered: true, inCloud: false);
        _world.Sql("UPDATE instances SET provider_id = NULL WHERE id = $id", ("$id", row.Id));

        var result = await CollectAsync();

        Assert.Equal((0, 1), Counts(result));
        _world.AssertSkipped(row, result, $"its record names {row.ProviderId}: judged next time");
        Assert.Equal(row.ProviderId, _world.Db.Find(row.Id)!.ProviderId);
    }

    /// <summary>The row has no registration and no report, so there is no time to compare.</summary>
    [Fact]
    public async Task Collect_OnlyTheRecordKnowsOfTheRegistration_IsMarkedToo()
    {
        var row = _world.Add(recordRegistered: true, provider: false, inCloud: false);
        _world.RecordSaid(row, "running");
        _world.Sql(
            "UPDATE gc_records SET registered_at = $at WHERE instance_id = $id",
            ("$at", GoTime.Format(CollectWorld.AsOf.AddHours(-1))), ("$id", row.Id));

        Assert.Equal((1, 0), Counts(await CollectAsync()));
        Assert.False(_world.IsLive(row));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Collect_RecordCannotBeRead_IsSkipped(bool isBroken)
    {
        var row = Nameless();
        if (isBroken) _world.Records.Put(row.Key, "{ broken");
        else _world.Records.Unreadable.Add(row.Key);

        var result = await CollectAsync();

        Assert.Equal((0, 1), Counts(result));
        _world.AssertSkipped(row, result, isBroken ? "its record is invalid" : "its record could not be read");
    }

    [Fact]
    public async Task Collect_NothingOfOursInSight_MarksNothingAndSaysSo()
    {
        var row = Nameless();
        _world.Cloud.Instances.Clear();

        var result = await CollectAsync();

        Assert.Equal((0, 1), Counts(result));
        _world.AssertSkipped(row, result, "wrong account or region");
    }

    [Fact]
    public async Task Collect_NoAgentReportsOnThisHost_IsSkipped()
    {
        var row = Nameless();
        _world.Sql("UPDATE instances SET health_at = NULL");

        var result = await CollectAsync();

        Assert.Equal((0, 1), Counts(result));
        _world.AssertSkipped(row, result, "agents do not report to this host");
    }

    /// <summary>
    /// Chaos, seed 8859: ended by us, its record could not be deleted, and another host knew only that record.
    /// </summary>
    [Fact]
    public async Task Collect_NoAgentReportsButTheCloudShowsItTerminated_IsMarked()
    {
        var row = Nameless();
        Launch(row, "terminated", InstanceStatus.Deleted);
        _world.Sql("UPDATE instances SET health_at = NULL");

        Assert.Equal((1, 0), Counts(await CollectAsync()));
        Assert.False(_world.IsLive(row));
    }

    [Fact]
    public async Task Collect_InGrace_IsSkipped()
    {
        var row = Nameless();
        _world.Input = _world.Input with { Grace = new(CollectWorld.AsOf.AddMinutes(-1), "a change of host") };

        var result = await CollectAsync();

        Assert.Equal((0, 1), Counts(result));
        _world.AssertSkipped(row, result, "grace period until");
    }

    [Fact]
    public async Task Collect_DryRun_OnlyReports()
    {
        var row = Nameless();
        _world.Input = _world.Input with { DryRun = true };

        var result = await CollectAsync();

        Assert.Contains(result.Samples, s => s.InstanceId == row.Id && s.Action == "would-clean");
        Assert.True(_world.IsLive(row));
    }

    private static (int Marked, int Skipped) Counts(CollectResult result) =>
        (result.Of(CollectReason.MachineLost).AlreadyGone, result.Of(CollectReason.MachineLost).Skipped);

    private CollectWorld.Made Nameless() =>
        _world.Add(registered: true, recordRegistered: true, provider: false, inCloud: false);

    private void Launch(
        CollectWorld.Made row, string state = "running", InstanceStatus status = InstanceStatus.Running)
    {
        var tags = new Dictionary<string, string>
        {
            [CloudTags.Managed] = "true",
            [CloudTags.ClusterId] = CollectWorld.Shard.Cluster,
            [CloudTags.Shard] = CollectWorld.Shard.Shard,
            [CloudTags.InstanceId] = row.Id,
        };
        var launched = CollectWorld.AsOf.AddHours(-1);
        _world.Cloud.Add(new(row.ProviderId, state, status, launched, "a", null, null, null, tags));
    }

    private async Task<CollectResult> CollectAsync()
    {
        await _world.SyncAsync();
        return await _world.CollectAsync();
    }
}
