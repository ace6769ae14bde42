using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Tests.Collect;

namespace Nstance.Temporal.Tests.Health;

/// <summary>Which stale instances get a check, and what the report says of them.</summary>
public sealed class HealthPhaseTests : IDisposable
{
    private readonly CollectWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task ScanHealth_StaleInstance_SendsOneCheckWithItsCause()
    {
        var stale = Reported(minutes: 3);
        Reported(minutes: 0);

        var result = await _world.ScanHealthAsync();

        const string Cause = "last report at 2026-11-23 18:37:00Z: 3 health intervals missed";
        Assert.Equal((2, 1, 1), (result.Registered, result.Stale, result.Enqueued));
        Assert.Equal(
            new(
                ReconcileEventType.CheckInstance, "acme", "web", stale.Id, CollectWorld.AsOf, PreventDuplicate: true,
                Cause, Attempt: 3),
            Assert.Single(_world.Events.Events));
        var batch = Assert.Single(_world.Events.Batches);
        Assert.Equal(("2026-11-23T18:40:00.0000000+00:00/health/0", "queue"), (batch.Key, batch.HostTaskQueue));
        var sample = Assert.Single(result.Samples);
        Assert.Equal((stale.Id, "stale", Cause), (sample.InstanceId, sample.Action, sample.Why));
        Assert.Empty(result.Problems);
        Assert.False(result.ApprovalDone);
        Assert.Empty(result.RejectionsOver);
        Assert.Null(result.Pending);
        Assert.Equal(["health: read", "health: 1 enqueued"], _world.HealthBeats);
    }

    [Fact]
    public async Task ScanHealth_InstanceNeverReported_SaysSo()
    {
        Reported(minutes: 0);
        var silent = _world.Add(registered: true, recordRegistered: true);
        _world.Sql(
            "INSERT INTO gc_unreported (instance_id, seen_at) VALUES ($id, $at)", ("$id", silent.Id),
            ("$at", GoTime.Format(CollectWorld.AsOf.AddMinutes(-30))));

        await _world.ScanHealthAsync();

        var check = Assert.Single(_world.Events.Events);
        Assert.Equal(
            (silent.Id, "registered, and has never reported: 30 health intervals missed"),
            (check.InstanceId, check.Cause));
    }

    [Fact]
    public async Task ScanHealth_InstanceOfNoGroup_IsCheckedUnderAnEmptyGroup()
    {
        Reported(minutes: 0);
        var stale = Reported(minutes: 3);
        _world.Sql("UPDATE instances SET group_key = NULL WHERE id = $id", ("$id", stale.Id));

        await _world.ScanHealthAsync();

        Assert.Equal((stale.Id, ""), Assert.Single(_world.Events.Events) is var e ? (e.InstanceId, e.Group) : default);
    }

    [Fact]
    public async Task ScanHealth_MoreThanOneBatch_SendsAllUnderKeysOfTheirOwn()
    {
        for (var i = 0; i < 2 * (EventBatch.MaxEvents + 1); i++) Reported(minutes: i <= EventBatch.MaxEvents ? 3 : 0);
        Reported(minutes: 0);

        var result = await _world.ScanHealthAsync();

        Assert.Equal(EventBatch.MaxEvents + 1, result.Enqueued);
        Assert.Equal([EventBatch.MaxEvents, 1], _world.Events.Batches.Select(batch => batch.Events.Count));
        Assert.Equal(["0", "1"], _world.Events.Batches.Select(batch => batch.Key.Split('/')[^1]));
        Assert.Equal("health: 501 enqueued", _world.HealthBeats[^1]);
    }

    [Fact]
    public async Task ScanHealth_InQuietHours_ChecksNoneAndSaysWhy()
    {
        Reported(minutes: 3);
        Reported(minutes: 0);
        _world.Input = _world.Input with { QuietHours = [new("18:00", "19:00")] };

        var result = await _world.ScanHealthAsync();

        AssertNoneSent(result);
        Assert.Equal(1, result.Stale);
        Assert.StartsWith("quiet hours 18:00-19:00", Assert.Single(result.Problems));
        Assert.Empty(result.Samples);
    }

    [Fact]
    public async Task ScanHealth_NoAgentReportsIntoTheFile_ChecksNoneAndSaysWhy()
    {
        _world.Add(registered: true, recordRegistered: true);

        var result = await _world.ScanHealthAsync();

        AssertNoneSent(result);
        Assert.Equal((1, 0), (result.Registered, result.Stale));
        Assert.StartsWith("no agent reports into ", Assert.Single(result.Problems));
    }

    [Fact]
    public async Task ScanHealth_NothingRegistered_ReportsNothing()
    {
        _world.Add();

        var result = await _world.ScanHealthAsync();

        Assert.Equal(0, result.Registered);
        Assert.Empty(result.Problems);
        Assert.Equal(["health: read"], _world.HealthBeats);
    }

    /// <summary>An instance of that time may be late only because the collector was away.</summary>
    [Theory]
    [InlineData(-59, false)]
    [InlineData(-60, false)]
    [InlineData(-61, true)]
    public async Task ScanHealth_GraceBeganWithinTheHealthInterval_ChecksNone(int seconds, bool isChecked)
    {
        Reported(minutes: 3);
        Reported(minutes: 0);
        _world.Input = _world.Input with { Grace = new(CollectWorld.AsOf.AddSeconds(seconds), "host two took over") };

        var result = await _world.ScanHealthAsync();

        Assert.Equal((1, isChecked ? 1 : 0), (result.Stale, result.Enqueued));
        if (isChecked) Assert.Equal(1, Assert.Single(_world.Events.Events).Attempt);
        else AssertNoneSent(result);
    }

    [Fact]
    public async Task ScanHealth_DryRun_NamesTheCheckAndSendsNone()
    {
        var stale = Reported(minutes: 3);
        Reported(minutes: 0);
        _world.Input = _world.Input with { DryRun = true };

        var result = await _world.ScanHealthAsync();

        AssertNoneSent(result);
        Assert.Equal("dry run: 1 checks were not enqueued", Assert.Single(result.Problems));
        Assert.Equal((stale.Id, "stale"), Assert.Single(result.Samples) is var s ? (s.InstanceId, s.Action) : default);
    }

    [Fact]
    public async Task ScanHealth_DryRunAndNothingStale_ReportsNothing()
    {
        Reported(minutes: 0);
        _world.Input = _world.Input with { DryRun = true };

        Assert.Empty((await _world.ScanHealthAsync()).Problems);
    }

    [Theory]
    [InlineData("acme/web", null, true)]
    [InlineData(null, Sweep.Health, true)]
    [InlineData("acme/db", null, false)]
    [InlineData(null, Sweep.Dangling, false)]
    public async Task ScanHealth_PausedPart_ChecksNoneOfIt(string? group, Sweep? sweep, bool isPaused)
    {
        var stale = Reported(minutes: 3);
        Reported(minutes: 0);
        _world.Input = _world.Input with { PartialPauses = [Pause(group, sweep)] };

        var result = await _world.ScanHealthAsync();

        var sample = Assert.Single(result.Samples);
        Assert.Equal((stale.Id, isPaused ? "skipped" : "stale"), (sample.InstanceId, sample.Action));
        Assert.Equal(isPaused ? 0 : 1, result.Enqueued);
        Assert.Equal(isPaused, sample.Why.EndsWith("not now", StringComparison.Ordinal));
    }

    /// <summary>One row that cannot be read costs the others nothing.</summary>
    [Fact]
    public async Task ScanHealth_TimeOfARowIsInvalid_NamesItAndChecksTheOthers()
    {
        Reported(minutes: 0);
        var invalid = Reported(minutes: 0);
        _world.Sql("UPDATE instances SET health_at = 'never' WHERE id = $id", ("$id", invalid.Id));
        var stale = Reported(minutes: 3);

        var result = await _world.ScanHealthAsync();

        Assert.Equal(stale.Id, Assert.Single(_world.Events.Events).InstanceId);
        Assert.Equal(1, result.Invalid);
        Assert.Contains(invalid.Id, Assert.Single(result.Problems));
    }

    internal static PauseState Pause(string? group, Sweep? sweep) =>
        new() { Group = group, Sweep = sweep, Reason = "not now", At = CollectWorld.AsOf };

    private CollectWorld.Made Reported(int minutes) => _world.AddReported(minutes);

    private void AssertNoneSent(HealthScanResult result)
    {
        Assert.Empty(_world.Events.Batches);
        Assert.Equal(0, result.Enqueued);
        Assert.Null(result.Plan);
    }
}
