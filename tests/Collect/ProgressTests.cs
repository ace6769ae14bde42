using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Telemetry;
using Nstance.Temporal.Tests.Support;
using Temporalio.Converters;
using Temporalio.Testing;

namespace Nstance.Temporal.Tests.Collect;

/// <summary>A phase continues after a cut attempt, and its report counts both attempts.</summary>
public sealed class ProgressTests : IDisposable
{
    private readonly CollectWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task Collect_Heartbeats_SayWhatThePhaseIsDoing()
    {
        _world.Add();
        _world.Add();
        await _world.CollectAsync();
        Assert.Equal(
            [
                "collect dangling: evidence of 0 of 2 read", "collect dangling: 2 pass, in batches of 250",
                "collect dangling: done",
            ],
            _world.Beats.Select(beat => beat.Doing).Distinct());
    }

    [Fact]
    public async Task Collect_CutAfterTheFirstReason_TheRetryCountsBothAndTerminatesNothingTwice()
    {
        var stopped = _world.Add(
            rowStatus: "stopped", status: InstanceStatus.Stopped, registered: true, recordRegistered: true);
        var dangling = _world.Add(group: "db");
        _world.Add(registered: true, recordRegistered: true);
        _world.Events.FailsFor = batch => batch.Events.Any(e => e.Group == "db");
        await Assert.ThrowsAsync<InvalidOperationException>(() => _world.CollectAsync());
        _world.Events.FailsFor = null;

        var result = await _world.CollectAsync(_world.Beats[^1]);

        Assert.Equal(
            (1, 1), (result.Of(CollectReason.Unhealthy).Terminated, result.Of(CollectReason.Dangling).Terminated));
        Assert.Equal(["db", "web"], _world.Events.Events.Select(e => e.Group).Distinct().Order());
        Assert.Equal([stopped.ProviderId, dangling.ProviderId], _world.Cloud.TerminateCalls.Distinct());
        Assert.Equal(2, _world.Cloud.TerminateCalls.Count);
        _world.AssertCollected(stopped);

        // The machine shuts down by now: the sync marks its row when the cloud says that it is terminated.
        CollectWorld.AssertSkippedInReport(dangling, result, "already terminating: left to the cloud");
        _world.Cloud.Instances.Remove(dangling.ProviderId);
        await _world.SyncAsync();
        Assert.False(_world.IsLive(dangling));
    }

    /// <summary>A retry belongs to the same cycle, and it may read evidence that the first attempt could not.</summary>
    [Fact]
    public async Task Collect_RetryFindsMoreGarbage_TheLimitHoldsForBothAttempts()
    {
        _world.Input = _world.Input with { Limits = new() };
        CollectWorld.Made[] first = [_world.Add(), _world.Add()];
        CollectWorld.Made[] later = [_world.Add(), _world.Add()];
        foreach (var made in later) _world.Cloud.Undescribable.Add(made.ProviderId);
        _world.Events.FailsFor = _ => true;
        await Assert.ThrowsAsync<InvalidOperationException>(() => _world.CollectAsync());
        _world.Events.FailsFor = null;
        _world.Cloud.Undescribable.Clear();

        var result = await _world.CollectAsync(_world.Beats[^1]);

        Assert.All(later, _world.AssertUntouched);
        Assert.Equal(first.Select(made => made.ProviderId), _world.Cloud.TerminateCalls.Order());
        Assert.Equal(
            (2, 2), (result.Of(CollectReason.Dangling).Terminated, result.Of(CollectReason.Dangling).OverLimit));
        Assert.Equal(2, result.Plan!.Instances);
    }

    /// <summary>The first attempt made the fleet smaller. The rest of its batches stay within the limit.</summary>
    [Fact]
    public async Task Collect_CutBetweenTwoBatches_TheRetryTerminatesTheRest()
    {
        _world.Input = _world.Input with { Limits = new() { ShardFloor = 0, ShardPercent = 50, GroupPercent = 50 } };
        var made = Enumerable.Range(0, 300).Select(_ => _world.Add()).ToArray();
        for (var n = 0; n < 300; n++) _world.Add(registered: true, recordRegistered: true);
        var calls = 0;
        _world.Cloud.BeforeTerminate = () =>
        {
            if (++calls == 2) throw new InvalidOperationException("killed");
        };
        await Assert.ThrowsAsync<InvalidOperationException>(() => _world.CollectAsync());

        var result = await _world.CollectAsync(_world.Beats[^1]);

        Assert.Equal(
            (300, 0), (result.Of(CollectReason.Dangling).Terminated, result.Of(CollectReason.Dangling).OverLimit));
        Assert.All(made, _world.AssertCollected);
    }

    [Fact]
    public async Task Collect_Skipped_IsNotCarriedOver()
    {
        _world.Add(protect: "true");
        await _world.CollectAsync();

        var result = await _world.CollectAsync(_world.Beats[^1]);

        Assert.Equal((1, 1), (result.Of(CollectReason.Dangling).Candidates, result.Of(CollectReason.Dangling).Skipped));
    }

    [Fact]
    public async Task Collect_DryRun_TheRetryCountsEachOnce()
    {
        _world.Add();
        _world.Input = _world.Input with { DryRun = true };
        await _world.CollectAsync();

        var result = await _world.CollectAsync(_world.Beats[^1]);

        Assert.Equal(
            (1, 1), (result.Of(CollectReason.Dangling).Candidates, result.Of(CollectReason.Dangling).Terminated));
    }

    /// <summary>A count that the heartbeat lost would let a retry terminate twice as many.</summary>
    [Fact]
    public async Task Progress_AsDetailsOfAHeartbeat_KeepsTheCountsOfTheLimits()
    {
        var said = new PhaseProgress("collect") { Limited = [new(CollectReason.Dangling, "acme", "web", new(3, 2))] };

        var payload = await DataConverter.Default.ToPayloadAsync(said);
        var read = await DataConverter.Default.ToValueAsync<PhaseProgress>(payload);

        Assert.Equal(said.Limited, read.Limited);
    }

    [Fact]
    public async Task Purge_Retried_CountsWhatWasPurgedBefore()
    {
        var first = _world.Add();
        var second = _world.Add();
        foreach (var made in new[] { first, second }) _world.Expire(made, CollectWorld.AsOf.AddHours(-2));
        _world.Records.Undeletable.Add(second.Key);
        Assert.Equal((2, 1, 1), Counts(await _world.PurgeAsync()));
        _world.Records.Undeletable.Clear();

        Assert.Equal((2, 2, 0), Counts(await _world.PurgeAsync(_world.Beats[^1].Purged)));
    }

    [Fact]
    public async Task PurgeRecords_AsAnActivity_ReadsItsLastHeartbeat()
    {
        using var shard = new Shard1();
        var activities = shard.Activities();
        await activities.AcquireShardAsync(new(shard.Shard, shard.AsOf));
        shard.MarkSynced();
        var said = new PhaseProgress("purge: 3 of 3") { Purged = new() { Expired = 3, Purged = 3 } };
        var environment = new ActivityEnvironment
        {
            Info = ActivityEnvironment.DefaultInfo with
            {
                StartedTime = shard.AsOf.UtcDateTime,
                HeartbeatDetails = [await DataConverter.Default.ToPayloadAsync(said)],
            },
        };

        var result = await environment.RunAsync(() => activities.PurgeRecordsAsync(shard.Input));

        Assert.Equal(shard.Ids("purge").Count + 3, result.Purged);
    }

    [Fact]
    public async Task Collect_AsAnActivityWithAnotherReleasesHeartbeat_StartsOver()
    {
        using var shard = new Shard1();
        var activities = shard.Activities();
        await activities.AcquireShardAsync(new(shard.Shard, shard.AsOf));
        var environment = new ActivityEnvironment
        {
            Info = ActivityEnvironment.DefaultInfo with
            {
                StartedTime = shard.AsOf.UtcDateTime,
                HeartbeatDetails = [await DataConverter.Default.ToPayloadAsync("collect")],
            },
        };

        var result = await environment.RunAsync(() => activities.CollectAsync(shard.Input));

        Assert.NotEmpty(shard.Cloud.TerminateCalls);
        Assert.Equal(
            shard.Cloud.TerminateCalls.Distinct().Count(),
            result.Of(CollectReason.Unhealthy).Terminated + result.Of(CollectReason.Dangling).Terminated + result.Of(
                CollectReason.Orphan).Terminated);
    }

    private static (int Expired, int Purged, int Failed) Counts(PurgeResult result) =>
        (result.Expired, result.Purged, result.Failed);
}
