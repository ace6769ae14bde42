using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Simulation.Nstance;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Shards;

/// <summary>Machines that stay in <c>shutting-down</c>, for hours or days: a known fault of EC2.</summary>
public sealed class StuckTerminationTests : IDisposable
{
    private const int ThreeHours = 90;

    private readonly SharedShard _shard = new(NstanceGeneration.V1);

    public StuckTerminationTests() =>
        _shard.Input = _shard.Input with { DryRun = false, Limits = TerminationLimits.Off };

    public void Dispose() => _shard.Dispose();

    [Fact]
    public async Task Cycles_TerminatedMachineIsStuck_OneTerminationOneEventOneAuditAndTheRowStays()
    {
        AddOthers();
        var id = _shard.AddMember(5, status: InstanceStatus.Stopped);
        var machine = MachineOf(id);

        var collects = await CyclesAsync(ThreeHours);

        Assert.Equal([machine], _shard.Cloud.TerminateCalls);
        Assert.Equal(1, collects.Sum(c => c.Of(CollectReason.Unhealthy).Terminated));
        Assert.Single(_shard.Events.Events, e => e.Type == ReconcileEventType.GroupChanged);
        Assert.Equal(["terminating", "terminated"], _shard.Audit.Of(id));
        Assert.Equal((0, 0), (collects[0].AlreadyTerminating, collects[0].StuckTerminating));
        Assert.Equal((1, 0), (collects[1].AlreadyTerminating, collects[1].StuckTerminating));
        AssertStuck(collects[^1], machine);
        Assert.Contains(id, _shard.Nstance.File.Ids());

        _shard.Cloud.Instances.Remove(machine);
        var after = await CyclesAsync(2);

        Assert.Equal((0, 0), (after[^1].AlreadyTerminating, after[^1].StuckTerminating));
        Assert.DoesNotContain(id, _shard.Nstance.File.Ids());
        Assert.Single(_shard.Cloud.TerminateCalls);
        Assert.Single(_shard.Events.Events, e => e.Type == ReconcileEventType.GroupChanged);
    }

    [Fact]
    public async Task Cycles_TerminatedOrphanIsStuck_IsTerminatedOnceAndNeverBecomesARow()
    {
        AddOthers();
        var at = SharedShard.Start.AddHours(-2);
        var orphan = _shard.Launch(SharedShard.NewId(at), at);

        var collects = await CyclesAsync(ThreeHours);

        Assert.Equal([orphan.ProviderId], _shard.Cloud.TerminateCalls);
        Assert.Equal(1, collects.Sum(c => c.Of(CollectReason.Orphan).Candidates));
        Assert.Equal(["terminating", "terminated"], _shard.Audit.Of(orphan.TrackingId));
        Assert.DoesNotContain(orphan.TrackingId, _shard.Nstance.File.Ids());
        AssertStuck(collects[^1], orphan.ProviderId);
    }

    [Fact]
    public async Task Cycles_HostWithAnOwnFileTakesTheShardOfAStuckMachine_IsNotTerminatedAgain()
    {
        AddOthers();
        var id = _shard.AddMember(5, status: InstanceStatus.Stopped);
        var machine = MachineOf(id);
        await CyclesAsync(1);

        await _shard.MoveToAnOwnFileAsync();
        var collects = await CyclesAsync(ThreeHours);

        Assert.Equal([machine], _shard.Cloud.TerminateCalls);
        Assert.All(collects, c => Assert.Equal(1, c.AlreadyTerminating));
        Assert.All(collects, c => Assert.Equal(0, c.Counts.Sum(counts => counts.Candidates)));
        AssertStuck(collects[^1], machine);
        Assert.Equal(["terminating", "terminated"], _shard.Audit.Of(id));
        Assert.Single(_shard.Events.Events, e => e.Type == ReconcileEventType.GroupChanged);
    }

    [Fact]
    public async Task Cycles_AnotherProgramTerminatedIt_IsLeftToTheCloudUntilItIsTerminated()
    {
        AddOthers();
        var id = _shard.AddMember(5, status: InstanceStatus.Deleting);
        var machine = MachineOf(id);
        var records = _shard.Records.Objects.Count;

        var collects = await CyclesAsync(ThreeHours);

        Assert.Empty(_shard.Cloud.TerminateCalls);
        Assert.DoesNotContain(_shard.Events.Events, e => e.Type == ReconcileEventType.GroupChanged);
        Assert.Empty(_shard.Audit.Of(id));
        Assert.All(collects, c => Assert.Equal(1, c.AlreadyTerminating));
        Assert.All(collects, c => Assert.Equal(0, c.Counts.Sum(counts => counts.Candidates)));
        AssertStuck(collects[^1], machine);
        Assert.Contains(_shard.Nstance.File.Live(), row => row.Id == id);
        Assert.Equal(records, _shard.Records.Objects.Count);

        _shard.Cloud.Add(
            _shard.Cloud.Instances[machine] with { State = "terminated", Status = InstanceStatus.Deleted });
        await CyclesAsync(2);

        Assert.DoesNotContain(_shard.Nstance.File.Live(), row => row.Id == id);
        Assert.Equal(["marked-deleted"], _shard.Audit.Of(id));
        var e = Assert.Single(_shard.Events.Events, e => e.Type == ReconcileEventType.GroupChanged);
        Assert.Equal(("acme", "web"), (e.Tenant, e.Group));

        await CyclesAsync(20);

        Assert.DoesNotContain(id, _shard.Nstance.File.Ids());
        Assert.Equal(records - 1, _shard.Records.Objects.Count);
        Assert.Empty(_shard.Cloud.TerminateCalls);
    }

    [Fact]
    public async Task Cycle_MachineRunsAgainAfterItShutDown_RestartsTheCount()
    {
        AddOthers();
        var id = _shard.AddMember(5, status: InstanceStatus.Deleting);
        var machine = MachineOf(id);
        await CyclesAsync(1);
        _shard.Cloud.Add(_shard.Cloud.Instances[machine] with { State = "running", Status = InstanceStatus.Running });
        Assert.Equal(0, (await CyclesAsync(ThreeHours))[^1].AlreadyTerminating);
        _shard.Cloud.Add(
            _shard.Cloud.Instances[machine] with { State = "shutting-down", Status = InstanceStatus.Deleting });

        var collect = (await CyclesAsync(1))[0];

        Assert.Equal((1, 0), (collect.AlreadyTerminating, collect.StuckTerminating));
        Assert.Empty(_shard.Cloud.TerminateCalls);
    }

    [Fact]
    public async Task Cycle_SixShutDownAndOneIsStopped_OnlyTheStoppedOneCountsForTheLimit()
    {
        _shard.Input = _shard.Input with { Limits = new() };
        for (var n = 0; n < 20; n++) _shard.AddMember(5);
        for (var n = 0; n < 6; n++) _shard.AddMember(5, status: InstanceStatus.Deleting);
        var stopped = MachineOf(_shard.AddMember(5, status: InstanceStatus.Stopped));

        var (_, collect) = await _shard.CycleAsync();

        Assert.Equal([stopped], _shard.Cloud.TerminateCalls);
        Assert.Null(collect.Plan);
        Assert.Equal(6, collect.AlreadyTerminating);
    }

    [Theory]
    [InlineData(3, null)]
    [InlineData(9, null)]
    [InlineData(11, "11 of the 51 live instances of group (unknown)/web would be terminated; at most 10 may")]
    public async Task Cycle_OrphansOfAGroup_AreComparedWithEveryGroupOfThatName(int orphans, string? exceeded)
    {
        _shard.Input = _shard.Input with { Limits = new() { ShardPercent = 100 } };
        for (var n = 0; n < 40; n++) _shard.AddMember(5);
        for (var n = 0; n < 140; n++) _shard.AddMember(5, "batch");
        var at = SharedShard.Start.AddHours(-2);
        for (var n = 0; n < orphans; n++) _shard.Launch(SharedShard.NewId(at), at);

        var (_, collect) = await _shard.CycleAsync();

        Assert.Equal(exceeded is null ? null : [$"Orphan: {exceeded}"], collect.Plan?.Exceeded);
        Assert.Equal(exceeded is null ? orphans : 0, _shard.Cloud.TerminateCalls.Count);
    }

    /// <summary>A short listing must not look like half of a fleet gone.</summary>
    private void AddOthers()
    {
        for (var n = 0; n < 5; n++) _shard.AddMember(5);
    }

    private async Task<IReadOnlyList<CollectResult>> CyclesAsync(int count)
    {
        var collects = new List<CollectResult>();
        for (var n = 0; n < count; n++) collects.Add((await _shard.CycleAsync()).Collect);
        return collects;
    }

    private static void AssertStuck(CollectResult collect, string machine)
    {
        Assert.Equal((1, 1), (collect.AlreadyTerminating, collect.StuckTerminating));
        Assert.Contains(
            collect.Problems, problem => problem.StartsWith(
                $"1 machines have been terminating for more than an hour ({machine} since ", StringComparison.Ordinal));
        Assert.Contains(
            collect.Samples, note => note.ProviderId == machine && note.Action == "already-terminating");
    }

    private string MachineOf(string id) =>
        _shard.Cloud.Instances.Values.Single(machine => machine.TrackingId == id).ProviderId;
}
