using Microsoft.Extensions.Logging.Abstractions;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Simulation.Nstance;
using Nstance.Temporal.Tests.Support;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Tests.Shards;

/// <summary>Each election of nstance resets every health report, so a missing report proves nothing.</summary>
public sealed class ElectionTests : IDisposable
{
    private const int Members = 135;

    private readonly SharedShard _shard = new(NstanceGeneration.V2);
    private readonly List<string> _members = [];

    public ElectionTests()
    {
        for (var n = 0; n < Members; n++) _members.Add(_shard.AddMember(hours: 72));
        _shard.Input = _shard.Input with { DryRun = false, Limits = TerminationLimits.Off };
    }

    public void Dispose() => _shard.Dispose();

    [Theory]
    [InlineData(97)]
    [InlineData(0)]
    [InlineData(Members)]
    public async Task Elected_SomeAgentsReportedAlready_NoInstanceIsChecked(int reported)
    {
        await _shard.CycleAsync();
        var before = (await SyncAsync(minutes: 2)).Leader!;
        Elect();
        Report(4, _members.Take(reported));

        var leader = (await SyncAsync(minutes: 4)).Leader!;
        var collect = await _shard.Activities.CollectAsync(_shard.Input);
        var health = await _shard.Activities.ScanHealthAsync(_shard.Input);

        Assert.Equal((LeaderFile.Id, SharedShard.Start), (before.Id, before.Since));
        // With every agent's report back, nothing shows the election, and nothing depends on it.
        Assert.Equal(before with { Since = reported == Members ? before.Since : At(4) }, leader);
        Assert.Equal((0, 0, null), (health.Stale, health.Enqueued, health.Suspect));
        Assert.Empty(collect.Blocked);
        Assert.Empty(_shard.Events.Batches);
        Assert.Equal(Members, _shard.Nstance.File.Live().Count);
    }

    [Fact]
    public async Task Elected_IntervalLater_ChecksTheSilentAndCountsFromTheElection()
    {
        await _shard.CycleAsync();
        Elect();
        await SyncAsync(minutes: 4);
        Report(6, _members.Skip(2));
        await SyncAsync(minutes: 7);

        var health = await _shard.Activities.ScanHealthAsync(_shard.Input);

        Assert.Equal((2, 2), (health.Stale, health.Enqueued));
        // Three days after their registration, and three intervals after the election.
        Assert.All(_shard.Events.Events, e => Assert.Equal(3, e.Attempt));
    }

    [Theory]
    [InlineData("collect")]
    [InlineData("health")]
    [InlineData("check")]
    public async Task ElectedSinceTheSync_PhaseThatUsesReports_GivesUpTheShard(string phase)
    {
        await _shard.CycleAsync();
        await SyncAsync(minutes: 2);
        AddUnregistered();
        Elect();

        var e = await Assert.ThrowsAsync<ApplicationFailureException>(() => phase switch
        {
            "collect" => _shard.Activities.CollectAsync(_shard.Input),
            "health" => _shard.Activities.ScanHealthAsync(_shard.Input),
            _ => CheckAsync(_members[0]),
        });

        Assert.Equal(
            (
                ErrorTypes.ShardNotHeld,
                $"nstance was elected since the last sync: it reset agents' reports in {_shard.Path}"),
            (e.ErrorType, e.Message));
        var again = await _shard.Activities.AcquireShardAsync(
            new(SharedShard.Shard, At(3)) { PreviousHost = SharedShard.HostName });
        Assert.Equal(At(3), again.Leader!.Since);
        Assert.Equal(0, (await _shard.Activities.ScanHealthAsync(_shard.Input)).Stale);
    }

    /// <summary>The check waited, and nstance leads from another host by then.</summary>
    [Fact]
    public async Task Check_NstanceLeadsFromNoHost_GivesNoVerdict()
    {
        await _shard.CycleAsync();
        _shard.Records.Leader = () => null;
        var e = await Assert.ThrowsAsync<ApplicationFailureException>(() => CheckAsync(_members[0]));
        Assert.Equal(ErrorTypes.ShardNotHeld, e.ErrorType);
    }

    /// <summary>
    /// The start of Collect only finishes what earlier cycles did. The election is detected after that, and before any
    /// candidate is judged.
    /// </summary>
    [Fact]
    public async Task ElectedSinceTheSync_CollectBegins_DeliversWhatWaitsAndJudgesNoCandidate()
    {
        var terminated = _shard.AddMember(hours: 72, group: "a", status: InstanceStatus.Stopped);
        var vanished = _shard.AddMember(hours: 72, group: "b", status: InstanceStatus.Deleting);
        var dangling = _shard.AddMember(hours: 2, group: "c", isRegistered: false);
        var record = KeyOf(terminated);
        _shard.Records.Undeletable.Add(record);
        // The first cycle terminates one machine, and the bucket keeps its record. Another machine shuts down. A pause
        // keeps the third one.
        var pause = new PauseState { Group = "acme/c", Reason = "slow images" };
        _shard.Input = _shard.Input with { PartialPauses = [pause] };
        await _shard.CycleAsync();
        var machines = _shard.Cloud.TerminateCalls.ToArray();
        _shard.Cloud.Instances.Remove(machines.Single());
        _shard.Cloud.Instances.Remove(MachineOf(vanished));
        await SyncAsync(minutes: 2);
        _shard.Input = _shard.Input with { PartialPauses = null };
        _shard.Records.Undeletable.Clear();
        Elect();

        var e = await Assert.ThrowsAsync<ApplicationFailureException>(
            () => _shard.Activities.CollectAsync(_shard.Input));

        Assert.Equal(ErrorTypes.ShardNotHeld, e.ErrorType);
        Assert.StartsWith("nstance was elected since the last sync", e.Message, StringComparison.Ordinal);
        Assert.Equal(["a", "b"], _shard.Events.Events.Select(sent => sent.Group));
        Assert.DoesNotContain(record, _shard.Records.Objects.Keys);
        Assert.Equal(machines, _shard.Cloud.TerminateCalls);
        Assert.Equal(["skipped"], _shard.Audit.Of(dangling)); // by the pause

        // The cycle takes the shard again. The grace period that follows skips the candidate.
        var again = await _shard.Activities.AcquireShardAsync(
            new(SharedShard.Shard, At(3)) { PreviousHost = SharedShard.HostName });
        await SyncAsync(minutes: 3);
        _shard.Input = _shard.Input with { Grace = new(again.Leader!.Since, "became nstance's leader") };
        var collect = await _shard.Activities.CollectAsync(_shard.Input);

        Assert.Equal(At(3), again.Leader.Since);
        Assert.Equal(1, collect.Of(CollectReason.Dangling).Skipped);
        Assert.Equal(machines, _shard.Cloud.TerminateCalls);
        Assert.Equal(2, _shard.Events.Batches.Count);
        Assert.Empty(collect.Problems);
        Assert.Equal(["terminating", "terminated"], _shard.Audit.Of(terminated));
        Assert.Equal(["marked-deleted"], _shard.Audit.Of(vanished));
        Assert.Contains(_shard.Nstance.File.Live(), row => row.Id == dangling);
    }

    /// <summary>A sync of a large fleet takes minutes, and it counts the reports again after its own changes.</summary>
    [Fact]
    public async Task ElectedDuringASyncThatMarksARow_Collect_GivesUpTheShard()
    {
        var vanished = _shard.AddMember(hours: 72);
        await _shard.CycleAsync();
        _shard.Cloud.Instances.Remove(MachineOf(vanished));
        _shard.Cloud.BeforePage = _ => Elect();
        var sync = await SyncAsync(minutes: 2);
        _shard.Cloud.BeforePage = null;
        AddUnregistered();

        var e = await Assert.ThrowsAsync<ApplicationFailureException>(
            () => _shard.Activities.CollectAsync(_shard.Input));

        Assert.Equal(1, sync.MarkedDeleted);
        Assert.StartsWith("nstance was elected since the last sync", e.Message, StringComparison.Ordinal);
    }

    /// <summary>The dead do not report either. Their number must not hide that all other reports were reset.</summary>
    [Fact]
    public async Task ElectedAfterTheSilentWereTerminated_NoInstanceIsChecked()
    {
        const int Dead = 40;
        await _shard.CycleAsync();
        Elect();
        await SyncAsync(minutes: 4);
        Report(5, _members.Skip(Dead));
        foreach (var machine in _members.Take(Dead).Select(MachineOf))
        {
            _shard.Cloud.Add(
                _shard.Cloud.Instances[machine] with { State = "stopped", Status = InstanceStatus.Stopped });
        }

        await SyncAsync(minutes: 6);
        await _shard.Activities.CollectAsync(_shard.Input);
        Elect();
        Report(7, _members.Skip(Dead + 10));

        var leader = (await SyncAsync(minutes: 8)).Leader!;
        var health = await _shard.Activities.ScanHealthAsync(_shard.Input);

        Assert.Equal(At(8), leader.Since);
        Assert.Equal((0, 0), (health.Stale, health.Enqueued));
    }

    /// <summary>
    /// Registered, reported and reset between two cycles: the election is not seen, as no row has lost a report that
    /// the collector knew of.
    /// </summary>
    [Fact]
    public async Task ElectedBeforeTheFirstLookAtNewInstances_TheyCountFromThatLook()
    {
        await _shard.CycleAsync();
        _shard.Nstance.Write(database => _members.ForEach(id => database.MarkDeleted(id, At(1))));
        string[] added = [AddRegistered(At(10)), AddRegistered(At(20))];
        Report(30, added);
        Elect();

        var first = await SyncAndScanAsync(minutes: 60);
        Report(61, added.Take(1));
        var early = await SyncAndScanAsync(minutes: 60.5);
        var late = await SyncAndScanAsync(minutes: 62);

        Assert.Equal((0, 0, 1), (first.Enqueued, early.Enqueued, late.Enqueued));
        var check = Assert.Single(_shard.Events.Events);
        Assert.Equal((added[1], 2), (check.InstanceId, check.Attempt));
    }

    /// <summary>One row lacks a report before and after. They are two different rows.</summary>
    [Fact]
    public async Task Elected_AsManyWithoutAReportAsBefore_IsANewTerm()
    {
        await _shard.CycleAsync();
        _shard.Nstance.Write(database => _members.Skip(2).ToList().ForEach(id => database.MarkDeleted(id, At(1))));
        Elect();
        Report(2, _members.Take(1));
        await SyncAsync(minutes: 3);
        _shard.Nstance.Write(database => database.MarkDeleted(_members[1], At(4)));
        Elect();

        Assert.Equal(At(20), (await SyncAsync(minutes: 20)).Leader!.Since);
    }

    [Fact]
    public async Task NotElected_NewAgentsAndDeletedRows_KeepTheTerm()
    {
        await _shard.CycleAsync();
        // An agent registers and does not report yet; a row that never reported stays; others are deleted.
        var issued = At(1);
        foreach (var id in new[] { SharedShard.NewId(issued), SharedShard.NewId(issued) })
        {
            _shard.Nstance.Write(database => database.Insert(
                new NstanceInstance(id, "acme", "web", issued) { ProviderId = $"i-{id}", RegisteredAt = issued }));
        }

        Assert.Equal(SharedShard.Start, (await SyncAsync(minutes: 2)).Leader!.Since);
        Assert.Equal(SharedShard.Start, (await SyncAsync(minutes: 20)).Leader!.Since);
    }

    [Fact]
    public async Task Acquire_AnotherHostHeldTheShard_IsANewTerm()
    {
        await _shard.CycleAsync();
        var back = await _shard.Activities.AcquireShardAsync(new(SharedShard.Shard, At(9)) { PreviousHost = "other" });
        Assert.Equal(At(9), back.Leader!.Since);
        using var database = ShardDatabase.OpenToRead(_shard.Path, SharedShard.Shard, own: false);
        Assert.Equal(At(9), database.GetMetaTime(MetaKeys.HealthFrom));
    }

    [Fact]
    public async Task Acquire_FirstHostEver_EvaluatesHealthAtOnce()
    {
        await _shard.Activities.AcquireShardAsync(new(SharedShard.Shard, At(0)));
        using var database = ShardDatabase.OpenToRead(_shard.Path, SharedShard.Shard, own: false);
        Assert.Null(database.GetMetaTime(MetaKeys.HealthFrom));
    }

    private static DateTimeOffset At(double minutes) => SharedShard.Start.AddMinutes(minutes);

    private void Elect() => _shard.Nstance.Write(database => database.Elect());

    private string MachineOf(string id) =>
        _shard.Cloud.Instances.Values.Single(machine => machine.InstanceId == id).ProviderId;

    private string KeyOf(string id) => _shard.Records.Objects.Keys.Single(key =>
        RecordKey.TryParse(SharedShard.Shard, key, out _, out var parsed) && parsed.ToString() == id);

    /// <summary>A candidate, for whose guard the agents' reports count.</summary>
    private void AddUnregistered() => _shard.Nstance.Write(database => database.Insert(
        new NstanceInstance(SharedShard.NewId(At(-60)), "acme", "web", At(-60)) { ProviderId = "i-never" }));

    private async Task<CheckInstancesResult> CheckAsync(string id)
    {
        using var reconciler = _shard.Activities.CreateReconciler(null, TimeProvider.System, NullLogger.Instance);
        var check = new ReconcileEvent(
            ReconcileEventType.CheckInstance, "acme", "web", id, _shard.Input.AsOf, true, "silent", 9);
        return await reconciler.CheckInstancesAsync(new(SharedShard.Shard, _shard.Input.AsOf, [check]));
    }

    private string AddRegistered(DateTimeOffset at)
    {
        var id = SharedShard.NewId(at);
        var machine = _shard.Launch(id, at).ProviderId;
        _shard.PutRecord(id, "web", machine, at, at);
        _shard.Nstance.Write(database => database.Insert(
            new NstanceInstance(id, "acme", "web", at) { ProviderId = machine, RegisteredAt = at }));
        return id;
    }

    private async Task<HealthScanResult> SyncAndScanAsync(double minutes)
    {
        await SyncAsync(minutes);
        return await _shard.Activities.ScanHealthAsync(_shard.Input);
    }

    private void Report(double minutes, IEnumerable<string> members) =>
        _shard.Nstance.File.Report(members.Select(id => (id, At(minutes))));

    private Task<SyncResult> SyncAsync(double minutes)
    {
        _shard.Input = _shard.Input with { AsOf = At(minutes) };
        return _shard.Activities.SyncProviderAsync(_shard.Input);
    }
}
