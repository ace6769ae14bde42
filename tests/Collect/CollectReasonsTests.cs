using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Tests.Collect;

/// <summary>
/// Unhealthy instances, rows from before a cloud call, and what holds for every reason: steps, limits, dry-run.
/// </summary>
public sealed class CollectReasonsTests : IDisposable
{
    private readonly CollectWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Collect_DeletionBegunBeforeThereWasAMachine_IsCleanedUnlessItRegistered(bool registered)
    {
        _world.Add(registered: true, recordRegistered: true);
        var row = _world.Add(provider: false, inCloud: false, registered: registered, recordRegistered: registered);
        _world.RecordSaid(row, "deleting");

        var result = await _world.CollectAsync();

        Assert.Equal(
            (1, registered ? 0 : 1),
            (result.Of(CollectReason.Unhealthy).Candidates, result.Of(CollectReason.StalePreInsert).AlreadyGone));
        if (registered) _world.AssertUntouched(row);
        else _world.AssertCollected(row);
    }

    [Fact]
    public async Task Collect_RecordSaysDeletingAndThereIsNoMachine_IsStillKnownInTheNextCycle()
    {
        _world.Add(registered: true, recordRegistered: true);
        var row = _world.Add(provider: false, inCloud: false, registered: true, recordRegistered: true);
        _world.RecordSaid(row, "deleting");

        await _world.CollectAsync();

        Assert.Equal(InstanceStatus.Deleting, _world.Db.Find(row.Id)!.RecordStatus);
    }

    [Fact]
    public async Task Unhealthy_StoppedAtTheCloud_Terminated()
    {
        var made = _world.Add(
            rowStatus: "stopped", status: InstanceStatus.Stopped, registered: true, recordRegistered: true);

        var result = await _world.CollectAsync();

        _world.AssertCollected(made);
        Assert.Equal(1, result.Of(CollectReason.Unhealthy).Terminated);
    }

    [Theory]
    [InlineData("stopped")]
    [InlineData("terminated")]
    [InlineData("repairing")]
    public async Task Unhealthy_RunningAtTheCloud_Skipped(string rowStatus)
    {
        var made = _world.Add(rowStatus: rowStatus, registered: true, recordRegistered: true);

        var result = await _world.CollectAsync();

        _world.AssertSkipped(made, result, "running at the cloud");
        Assert.Equal(1, result.Of(CollectReason.Unhealthy).Skipped);
    }

    [Fact]
    public async Task Unhealthy_RunningButNeverRegistered_IsJudgedAsDangling()
    {
        var made = _world.Add(rowStatus: "stopped");

        var result = await _world.CollectAsync();

        _world.AssertCollected(made);
        Assert.Equal(
            (1, 1), (result.Of(CollectReason.Unhealthy).Skipped, result.Of(CollectReason.Dangling).Terminated));
    }

    [Fact]
    public async Task Termination_Fails_RecordAndRowStay()
    {
        var made = _world.Add();
        _world.Cloud.TerminatesAs[made.ProviderId] = new TerminateResult(TerminateOutcome.Failed, "no");

        var result = await _world.CollectAsync();

        Assert.True(_world.HasRecord(made));
        Assert.True(_world.IsLive(made));
        Assert.Empty(_world.Events.Events);
        Assert.Equal(1, result.Of(CollectReason.Dangling).Failed);
    }

    [Fact]
    public async Task Termination_RecordIsNotDeleted_RowIsMarkedAndTheNextCycleDeletesIt()
    {
        var made = _world.Add();
        _world.Records.Undeletable.Add(made.Key);

        var result = await _world.CollectAsync();

        Assert.False(_world.IsLive(made));
        Assert.Single(_world.Events.Events);
        Assert.Contains(result.Problems, p => p.Contains("could not be deleted", StringComparison.Ordinal));
        Assert.NotNull(result.Outage);
        _world.Records.Undeletable.Clear();
        await _world.CollectAsync();
        _world.AssertCollected(made);
    }

    [Fact]
    public async Task Termination_EventIsNotSent_RowStaysAndTheNextAttemptSendsIt()
    {
        var made = _world.Add();
        _world.Events.Fault = new InvalidOperationException("no Temporal");

        await Assert.ThrowsAsync<InvalidOperationException>(() => _world.CollectAsync());
        Assert.True(_world.IsLive(made));
        Assert.True(_world.HasRecord(made));

        // The event is still due after another process marked the row.
        _world.Events.Fault = null;
        _world.Sql("UPDATE instances SET deleted_at = created_at");
        await _world.CollectAsync();
        Assert.Single(_world.Events.Events);
    }

    [Fact]
    public async Task PreInsert_MachineThatNoListingShowedYet_Skipped()
    {
        var made = _world.Add(provider: false);

        var result = await _world.CollectAsync();

        _world.AssertSkipped(made, result, $"found at the cloud as {made.ProviderId}: judged next time");
        Assert.Equal(1, result.Of(CollectReason.StalePreInsert).Skipped);
    }

    [Fact]
    public async Task PreInsert_CloudKnowsNone_CleanedWithoutTermination()
    {
        var made = _world.Add(provider: false, inCloud: false);

        var result = await _world.CollectAsync();

        _world.AssertCollected(made);
        Assert.Empty(_world.Cloud.TerminateCalls);
        Assert.Equal(1, result.Of(CollectReason.StalePreInsert).AlreadyGone);
    }

    [Fact]
    public async Task PreInsert_CloudCannotSay_Skipped()
    {
        var made = _world.Add(provider: false, inCloud: false);
        _world.Cloud.FindFault = new CloudException(CloudFault.Transient, "no answer");

        var result = await _world.CollectAsync();

        _world.AssertSkipped(made, result, "no answer");
    }

    [Fact]
    public async Task PreInsert_RegisteredWithoutProviderId_IsNoCandidate()
    {
        var made = _world.Add(provider: false, registered: true);

        Assert.Equal(0, (await _world.CollectAsync()).Of(CollectReason.StalePreInsert).Candidates);
        _world.AssertUntouched(made);
    }

    [Fact]
    public async Task Limits_OverTheGroups_NoneOfTheReasonIsTerminated()
    {
        var dangling = Enumerable.Range(0, 3).Select(_ => _world.Add()).ToArray();
        var stopped = _world.Add(rowStatus: "stopped", status: InstanceStatus.Stopped, registered: true);
        _world.Input = _world.Input with { Limits = new TerminationLimits() };

        var result = await _world.CollectAsync();

        Assert.All(dangling, _world.AssertUntouched);
        _world.AssertCollected(stopped);
        Assert.Equal(
            (3, 0), (result.Of(CollectReason.Dangling).OverLimit, result.Of(CollectReason.Dangling).Terminated));
    }

    [Fact]
    public async Task DryRun_GarbageOfEachKind_TouchesNothing()
    {
        CollectWorld.Made[] made =
        [
            _world.Add(), _world.Add(recordRegistered: true), _world.Add(provider: false),
            _world.Add(provider: false, inCloud: false),
            _world.Add(rowStatus: "stopped", status: InstanceStatus.Stopped, registered: true),
        ];
        _world.Input = _world.Input with { DryRun = true };

        var result = await _world.CollectAsync();

        Assert.All(made, _world.AssertUntouched);
        Assert.Null(_world.Db.Find(made[1].Id)!.RegisteredAt);
        Assert.Null(_world.Db.Find(made[2].Id)!.ProviderId);
        Assert.Empty(_world.Events.Events);
        Assert.Equal(
            (1, 1), (result.Of(CollectReason.Dangling).Terminated, result.Of(CollectReason.Unhealthy).Terminated));
    }
}
