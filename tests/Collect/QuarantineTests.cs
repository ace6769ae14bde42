using Nstance.Temporal.Activities.Collect;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Tests.Collect;

/// <summary>
/// A tag, a stop and a wait; then a termination, if fresh evidence still says so.
/// </summary>
public sealed class QuarantineTests : IDisposable
{
    private static readonly TimeSpan Wait = TimeSpan.FromHours(2);

    private readonly CollectWorld _world = new();

    public QuarantineTests() => _world.Input = _world.Input with { Quarantine = Wait };

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task Collect_Quarantine_TagsAndStopsInsteadOfTerminating()
    {
        var made = _world.Add();

        var result = await _world.CollectAsync();

        Assert.Equal([made.ProviderId], _world.Cloud.StopCalls);
        _world.AssertUntouched(made);
        Assert.True(_world.HasRecord(made));
        Assert.Equal(
            (1, 0), (result.Of(CollectReason.Dangling).Quarantined, result.Of(CollectReason.Dangling).Terminated));
        Assert.Equal(["quarantining", "quarantined"], _world.Audit.Of(made.Id));
        Assert.Empty(_world.Events.Events);
    }

    [Fact]
    public async Task Collect_WithinTheWait_Skips()
    {
        var made = await QuarantinedAsync();

        var result = await AtAsync(Wait - TimeSpan.FromMinutes(1));

        _world.AssertSkipped(made, result, "in quarantine until");
        Assert.Single(_world.Cloud.StopCalls);
    }

    [Fact]
    public async Task Collect_WaitIsOver_Terminates()
    {
        var made = await QuarantinedAsync();

        await AtAsync(Wait);

        _world.AssertCollected(made);
    }

    [Fact]
    public async Task Collect_RegisteredInTheWait_IsNoCandidate()
    {
        var made = await QuarantinedAsync();
        _world.Cloud.Add(
            _world.Cloud.Instances[made.ProviderId] with { State = "running", Status = InstanceStatus.Running });
        _world.Sql(
            "UPDATE instances SET registered_at = $at WHERE id = $id",
            ("$at", GoTime.Format(CollectWorld.AsOf.AddMinutes(5))), ("$id", made.Id));

        var result = await AtAsync(Wait);

        _world.AssertUntouched(made);
        Assert.Equal(0, result.Counts.Sum(counts => counts.Candidates));
    }

    [Fact]
    public async Task Collect_RanAfterItsQuarantine_WaitsAgain()
    {
        var made = await QuarantinedAsync();
        var at = GoTime.Format(CollectWorld.AsOf.AddMinutes(30));
        _world.Sql(
            "UPDATE instances SET registered_at = $at, health_at = $at WHERE id = $id", ("$at", at), ("$id", made.Id));
        _world.List(made, "stopped", CollectWorld.AsOf);

        await AtAsync(Wait);

        _world.AssertUntouched(made);
        Assert.Equal(2, _world.Cloud.StopCalls.Count);
        await AtAsync(Wait + Wait);
        _world.AssertCollected(made);
    }

    /// <summary>Only nstance-gc release takes the tag away, and people use EC2's console.</summary>
    [Fact]
    public async Task Collect_StartedByHandAndStoppedMuchLater_WaitsAgain()
    {
        var made = _world.Add("stopped", InstanceStatus.Stopped, registered: true, recordRegistered: true);
        await _world.CollectAsync();
        var stopped = _world.Cloud.Instances[made.ProviderId];
        _world.Cloud.Add(stopped with { LaunchTime = CollectWorld.AsOf.AddHours(1) });

        var result = await AtAsync(TimeSpan.FromDays(30));

        _world.AssertUntouched(made);
        Assert.Equal(1, result.Of(CollectReason.Unhealthy).Quarantined);
        await AtAsync(TimeSpan.FromDays(30) + Wait);
        _world.AssertCollected(made);
    }

    [Fact]
    public async Task Collect_StopFailed_StopsItInTheNextCycleAndWaitsFromThen()
    {
        var made = await QuarantinedAsync();
        _world.Cloud.Add(
            _world.Cloud.Instances[made.ProviderId] with { State = "running", Status = InstanceStatus.Running });

        await AtAsync(Wait);

        _world.AssertUntouched(made);
        Assert.Equal(2, _world.Cloud.StopCalls.Count);
        await AtAsync(Wait + Wait);
        _world.AssertCollected(made);
    }

    /// <summary>The collector's own stop must not make a dangling instance an unhealthy one.</summary>
    [Theory]
    [InlineData("pause", "paused")]
    [InlineData("grace", "grace period until")]
    [InlineData("unhealthy paused", null)]
    [InlineData("nothing", null)]
    public async Task Collect_StoppedByItsQuarantine_IsStillJudgedAsDangling(string holds, string? why)
    {
        var made = await QuarantinedAsync();
        _world.List(made, "stopped", CollectWorld.AsOf.AddHours(-1));
        var after = CollectWorld.AsOf + Wait;
        Sweep? paused = holds == "pause" ? Sweep.Dangling : holds == "unhealthy paused" ? Sweep.Unhealthy : null;
        _world.Input = _world.Input with
        {
            PartialPauses = paused is { } sweep ? [new("look first", CollectWorld.AsOf, Sweep: sweep)] : [],
            Grace = holds == "grace" ? new(after, "host two took over") : null,
        };

        var result = await AtAsync(Wait);

        if (why is null) _world.AssertCollected(made);
        else _world.AssertSkipped(made, result, why);
        Assert.Equal(why is null ? 1 : 0, result.Of(CollectReason.Dangling).Terminated);
        Assert.Equal(0, result.Of(CollectReason.Unhealthy).Terminated);
    }

    /// <summary>The row is lost, the record is not.</summary>
    [Fact]
    public async Task Collect_StoppedByItsQuarantineAndWithoutARow_IsTerminatedAsDangling()
    {
        var made = _world.Add();
        _world.Sql("DELETE FROM instances WHERE id = $id", ("$id", made.Id));
        _world.RecordSaid(made, "running");
        _world.Sql("UPDATE gc_machines SET rowless = 1");
        await _world.CollectAsync();
        Assert.Single(_world.Cloud.StopCalls);
        _world.List(made, "stopped", CollectWorld.AsOf.AddHours(-1));
        _world.Sql("UPDATE gc_machines SET rowless = 1");

        var result = await AtAsync(Wait);

        Assert.Equal([made.ProviderId], _world.Cloud.TerminateCalls);
        Assert.Equal(1, result.Of(CollectReason.Dangling).Terminated);
    }

    /// <summary>EC2 answers few of the calls that ask for protection: evidence must not get old meanwhile.</summary>
    [Fact]
    public async Task Collect_ManyToQuarantine_HeartbeatsAndChecksTheRowsBetweenSmallBatches()
    {
        for (var i = 0; i < 60; i++) _world.Add();
        var beats = new List<int>();
        _world.Cloud.BeforeQuarantine = () => beats.Add(_world.Beats.Count);

        var result = await _world.CollectAsync();

        Assert.Equal(60, result.Of(CollectReason.Dangling).Quarantined);
        Assert.Equal(3, beats.Distinct().Count());
    }

    [Fact]
    public async Task Collect_ProtectedInTheWait_Skips()
    {
        var made = await QuarantinedAsync();
        Tag(made, CloudTags.GcProtect, "true");

        var result = await AtAsync(Wait);

        _world.AssertSkipped(made, result, "protected by tag");
    }

    [Theory]
    [InlineData("yesterday")]
    [InlineData("2026-11-23 18:40:00")]
    [InlineData("")]
    public async Task Collect_InvalidQuarantineTag_Skips(string value)
    {
        var made = await QuarantinedAsync();
        Tag(made, CloudTags.GcQuarantined, value);

        var result = await AtAsync(TimeSpan.FromDays(30));

        _world.AssertSkipped(made, result, "is not a time; manual review required");
    }

    [Fact]
    public async Task Collect_SettingTurnedOffMeanwhile_HasADay()
    {
        var made = await QuarantinedAsync();
        _world.Input = _world.Input with { Quarantine = null };

        var result = await AtAsync(TimeSpan.FromHours(23));
        _world.AssertSkipped(made, result, "in quarantine until");
        await AtAsync(TimeSpan.FromHours(24));
        _world.AssertCollected(made);
    }

    [Fact]
    public async Task Collect_ProtectedAtTheCloud_IsSkippedAndNotStopped()
    {
        var made = _world.Add();
        _world.Cloud.TerminatesAs[made.ProviderId] = new(
            TerminateOutcome.Protected, "termination protection is on at the cloud");

        var result = await _world.CollectAsync();

        Assert.Equal(
            (1, 0), (result.Of(CollectReason.Dangling).Skipped, result.Of(CollectReason.Dangling).Quarantined));
        _world.AssertSkipped(made, result, "termination protection is on at the cloud");
    }

    [Fact]
    public async Task Collect_OverLimit_QuarantinesNothing()
    {
        _world.Input = _world.Input with { Limits = new() { ShardFloor = 1, ShardPercent = 0 } };
        _world.Add();
        _world.Add();

        var result = await _world.CollectAsync();

        Assert.Empty(_world.Cloud.StopCalls);
        Assert.Equal(2, result.Plan!.Instances);
    }

    [Fact]
    public async Task Collect_DryRun_StopsNothing()
    {
        _world.Input = _world.Input with { DryRun = true };
        var made = _world.Add();

        var result = await _world.CollectAsync();

        Assert.Empty(_world.Cloud.StopCalls);
        Assert.Equal(1, result.Of(CollectReason.Dangling).Quarantined);
        Assert.Equal(["would-quarantine"], _world.Audit.Of(made.Id));
    }

    [Fact]
    public async Task Collect_ShuttingDownAlready_IsLeftToTheCloud()
    {
        var made = _world.Add(rowStatus: "deleting", status: InstanceStatus.Deleting);

        var result = await _world.CollectAsync();

        Assert.Equal(1, result.AlreadyTerminating);
        Assert.Empty(_world.Cloud.StopCalls);
        _world.AssertUntouched(made);
    }

    [Fact]
    public async Task Release_Quarantined_StartsProtectsAndAudits()
    {
        var made = await QuarantinedAsync();
        var now = CollectWorld.AsOf.AddMinutes(10);

        var result = await new Release(_world.Cloud, _world.Audit, CollectWorld.Shard)
            .RunAsync(made.Id, "ann", "still needed", now, TimeSpan.FromHours(24), CancellationToken.None);

        Assert.Equal(made.ProviderId, result.Released!.ProviderId);
        Assert.Equal([(made.ProviderId, now.AddHours(24))], _world.Cloud.Released);
        Assert.Equal("released", _world.Audit.Of(made.Id)[^1]);
    }

    [Fact]
    public async Task Release_AuditIsAway_IsDoneAndSaysThatItIsNotAudited()
    {
        var made = await QuarantinedAsync();
        _world.Audit.PutFault = new(CloudFault.Transient, "the bucket is away");

        var result = await new Release(_world.Cloud, _world.Audit, CollectWorld.Shard)
            .RunAsync(made.Id, "ann", "still needed", CollectWorld.AsOf, Wait, CancellationToken.None);

        Assert.Equal((made.ProviderId, "the bucket is away"), (result.Released!.ProviderId, result.Untold));
        Assert.Single(_world.Cloud.Released);
    }

    [Theory]
    [InlineData("us-west-2a", "is not in quarantine")]
    [InlineData("us-west-2b", "no such instance of this shard")]
    public async Task Release_NotInQuarantineOrNotOurs_TouchesNothing(string shard, string why)
    {
        var made = _world.Add(shardTag: shard);

        var result = await new Release(_world.Cloud, _world.Audit, CollectWorld.Shard)
            .RunAsync(made.ProviderId, "ann", "x", CollectWorld.AsOf, Wait, CancellationToken.None);

        Assert.Contains(why, result.Refused, StringComparison.Ordinal);
        Assert.Empty(_world.Cloud.Released);
    }

    private async Task<CollectWorld.Made> QuarantinedAsync()
    {
        var made = _world.Add();
        await _world.CollectAsync();
        Assert.Equal(InstanceStatus.Stopped, _world.Cloud.Instances[made.ProviderId].Status);
        return made;
    }

    private Task<CollectResult> AtAsync(TimeSpan later)
    {
        _world.Input = _world.Input with { AsOf = CollectWorld.AsOf + later };
        return _world.CollectAsync();
    }

    private void Tag(CollectWorld.Made made, string name, string value)
    {
        var now = _world.Cloud.Instances[made.ProviderId];
        _world.Cloud.Add(now with { Tags = new Dictionary<string, string>(now.Tags) { [name] = value } });
    }
}
