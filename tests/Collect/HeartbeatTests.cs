using Microsoft.Extensions.Time.Testing;
using Nstance.Temporal.Activities;
using Nstance.Temporal.Activities.Telemetry;
using Nstance.Temporal.Tests.Support;
using Temporalio.Testing;

namespace Nstance.Temporal.Tests.Collect;

/// <summary>Heartbeats of the phases as activities: none before the interval is over.</summary>
public sealed class HeartbeatTests : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    private readonly Shard1 _shard = new();
    private readonly FakeTimeProvider _time;
    private readonly List<PhaseProgress> _beats = [];

    public HeartbeatTests() => _time = new(_shard.AsOf);

    public void Dispose() => _shard.Dispose();

    [Fact]
    public async Task Phases_EndBeforeTheFirstHeartbeatIsDue_SendNone()
    {
        var activities = _shard.Activities(time: _time);
        var environment = Environment();

        await environment.RunAsync(() => activities.AcquireShardAsync(new(_shard.Shard, _shard.AsOf)));
        await environment.RunAsync(() => activities.SyncProviderAsync(_shard.Input));
        await environment.RunAsync(() => activities.CollectAsync(_shard.Input));
        await environment.RunAsync(() => activities.ScanHealthAsync(_shard.Input));
        await environment.RunAsync(() => activities.PurgeRecordsAsync(_shard.Input));
        _time.Advance(TimeSpan.FromHours(1));

        Assert.Empty(_beats);
    }

    [Fact]
    public async Task Sync_TakesLonger_SendsWhatItDoesAfterTheInterval()
    {
        var activities = _shard.Activities(time: _time);
        await activities.AcquireShardAsync(new(_shard.Shard, _shard.AsOf));
        var sentBefore = 0;
        _shard.Cloud.PageSize = 10;
        _shard.Cloud.BeforePage = page =>
        {
            if (page != 2) return;
            _time.Advance(PhaseHeartbeat.Interval - TimeSpan.FromTicks(1));
            sentBefore = _beats.Count;
            _time.Advance(TimeSpan.FromTicks(1));
        };

        await Environment().RunAsync(() => activities.SyncProviderAsync(_shard.Input));

        Assert.Equal(0, sentBefore);
        Assert.Equal("sync: listing, 20 listed", _beats[0].Doing);
        Assert.True(_beats.Count > 1);
    }

    [Fact]
    public async Task Collect_FailsBeforeTheFirstHeartbeatIsDue_NextAttemptKnowsItsResult()
    {
        var activities = _shard.Activities(time: _time);
        await activities.AcquireShardAsync(new(_shard.Shard, _shard.AsOf));
        await activities.SyncProviderAsync(_shard.Input);
        _shard.Events.Fault = new InvalidOperationException("no Temporal");

        await Assert.ThrowsAsync<InvalidOperationException>(
            () => Environment().RunAsync(() => activities.CollectAsync(_shard.Input)));

        var beat = Assert.Single(_beats);
        Assert.Equal(
            _shard.Cloud.TerminateCalls.Count, beat.Collected!.Counts.Sum(counts => counts.Terminated));
    }

    [Fact]
    public async Task Collect_CancelledByTheWorkflow_SendsNone()
    {
        var activities = _shard.Activities(time: _time);
        await activities.AcquireShardAsync(new(_shard.Shard, _shard.AsOf));
        await activities.SyncProviderAsync(_shard.Input);
        var environment = Environment();
        _shard.Cloud.BeforeTerminate = () =>
        {
            environment.Cancel(Temporalio.Activities.ActivityCancelReason.CancelRequested);
            throw new OperationCanceledException();
        };

        await Assert.ThrowsAsync<OperationCanceledException>(
            () => environment.RunAsync(() => activities.CollectAsync(_shard.Input)));

        Assert.Empty(_beats);
    }

    private ActivityEnvironment Environment() => new()
    {
        Info = ActivityEnvironment.DefaultInfo with
        {
            StartedTime = _shard.AsOf.UtcDateTime,
            HeartbeatTimeout = Timeout,
        },
        Heartbeater = details => _beats.Add(Assert.IsType<PhaseProgress>(details[0])),
    };
}
