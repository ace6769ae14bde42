using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Simulation.Nstance;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Collect;

/// <summary>
/// A row that nstance marked as deleted, and a machine that runs on: most of all, what must not be terminated.
/// </summary>
public sealed class DeletedButRunningTests : IDisposable
{
    private static readonly TimeSpan Wait = SharedShard.Timings.RegistrationTimeout;

    private readonly SharedShard _shard = new(NstanceGeneration.V2);

    public DeletedButRunningTests()
    {
        for (var n = 0; n < 30; n++) _shard.AddMember(hours: 50);
        _shard.Input = _shard.Input with { DryRun = false };
    }

    public void Dispose() => _shard.Dispose();

    [Theory]
    [InlineData("running")]
    [InlineData("pending")]
    [InlineData("stopped")]
    [InlineData("stopping")]
    public async Task Collect_MarkedLongAgoAndItsAgentSilent_Terminated(string state)
    {
        var (id, machine) = Marked(Wait + TimeSpan.FromMinutes(1), InstanceStatuses.Parse(state));

        var (_, collect) = await _shard.CycleAsync();

        Assert.Equal([machine], _shard.Cloud.TerminateCalls);
        Assert.Equal(1, collect.Of(CollectReason.DeletedButRunning).Terminated);
        Assert.Contains(
            collect.Samples,
            s => s.InstanceId == id && s.Action == "terminated"
                && s.Why.Contains("its row was marked deleted", StringComparison.Ordinal));
        Assert.Empty(_shard.Nstance.Misled);
    }

    [Fact]
    public async Task Collect_MarkedJustNow_Skipped()
    {
        var (id, _) = Marked(Wait - TimeSpan.FromMinutes(1));

        await AssertSkippedAsync(id, "waits for the registration timeout");
    }

    [Fact]
    public async Task Collect_AgentReportedAfterTheMark_Skipped()
    {
        var (id, _) = Marked(TimeSpan.FromHours(1));
        _shard.Nstance.File.Report([(id, SharedShard.Start.AddMinutes(-1))]);

        await AssertSkippedAsync(id, "its agent reports, though its row is marked deleted");
    }

    [Fact]
    public async Task Collect_RegisteredAfterTheMark_Skipped()
    {
        var (id, _) = Marked(TimeSpan.FromHours(1));
        _shard.Nstance.File.Run(
            "UPDATE instances SET registered_at = '2026-11-23 17:50:00+00:00' WHERE id = $0", id);

        await AssertSkippedAsync(id, "it registered after its row was marked deleted");
    }

    [Fact]
    public async Task Collect_RecordRegisteredAfterTheMark_Skipped()
    {
        var (id, machine) = Marked(TimeSpan.FromHours(1));
        _shard.PutRecord(id, "web", machine, SharedShard.Start.AddHours(-5), SharedShard.Start.AddMinutes(-10));

        await AssertSkippedAsync(id, "it registered after its row was marked deleted");
    }

    /// <summary>
    /// nstance once marked a whole fleet by an empty listing: records stay, and an election empties health_at.
    /// </summary>
    [Fact]
    public async Task Collect_RecordIsThereAndNoReportSinceAnElection_Skipped()
    {
        var (id, machine) = Marked(TimeSpan.FromHours(1));
        _shard.PutRecord(id, "web", machine, SharedShard.Start.AddHours(-5), SharedShard.Start.AddHours(-5));
        _shard.Nstance.File.Run("UPDATE instances SET health_at = NULL WHERE id = $0", id);

        await AssertSkippedAsync(id, "its record says running; manual review required");
    }

    [Fact]
    public async Task Cycles_MachineLosesItsTagsForACycle_RowAndRecordStayAndItIsNoOrphan()
    {
        var (id, machine) = Marked(TimeSpan.FromHours(3));
        _shard.PutRecord(id, "web", machine, SharedShard.Start.AddHours(-5), SharedShard.Start.AddHours(-5));
        await _shard.CycleAsync();
        var tagged = _shard.Cloud.Instances[machine];
        _shard.Cloud.Add(tagged with { Tags = new Dictionary<string, string>() });
        for (var cycle = 0; cycle < 3; cycle++) await _shard.CycleAsync();
        _shard.Cloud.Add(tagged);

        for (var cycle = 0; cycle < 3; cycle++) await _shard.CycleAsync();

        Assert.Contains(id, _shard.Nstance.File.Ids());
        Assert.True(_shard.IsRecorded(id));
        Assert.Empty(_shard.Cloud.TerminateCalls);
    }

    [Fact]
    public async Task Cycles_MachineOfAMarkedRowLosesItsIdTag_IsNoOrphan()
    {
        var (_, machine) = Marked(TimeSpan.FromMinutes(10));
        var instance = _shard.Cloud.Instances[machine];
        _shard.Cloud.Add(
            instance with { Tags = instance.Tags.Where(t => t.Key != CloudTags.InstanceId).ToDictionary() });

        for (var cycle = 0; cycle < 3; cycle++) await _shard.CycleAsync();

        Assert.Empty(_shard.Cloud.TerminateCalls);
    }

    /// <summary>
    /// nstance reuses ids of NAT instances: between the evidence and the mark the row may get another machine.
    /// </summary>
    [Theory]
    [InlineData("i-another", false)]
    [InlineData(null, true)]
    public async Task MarkDeleted_RowNamesAnotherMachineByNow_StaysLive(string? now, bool isMarked)
    {
        var id = _shard.AddMember(hours: 5);
        await _shard.CycleAsync();
        using var database = ShardDatabase.Open(_shard.Path, SharedShard.Shard, own: false);
        var read = database.Find(id)!;
        _shard.Nstance.File.Run(
            "UPDATE instances SET provider_id = $1 WHERE id = $0", id, now ?? "");

        Assert.Equal(isMarked ? 1 : 0, database.MarkDeleted([read], SharedShard.Start));

        Assert.Equal(isMarked, database.Find(id)!.DeletedAt is not null);
    }

    [Fact]
    public async Task Collect_LaunchedAfterTheMark_WaitsForItsOwnRegistration()
    {
        var (id, machine) = Marked(TimeSpan.FromHours(1));
        _shard.Cloud.Add(_shard.Cloud.Instances[machine] with { LaunchTime = SharedShard.Start.AddMinutes(-1) });

        await AssertSkippedAsync(id, "waits for the registration timeout");
    }

    [Fact]
    public async Task Collect_Protected_Skipped()
    {
        var (id, _) = Marked(TimeSpan.FromHours(1), protect: "true");

        await AssertSkippedAsync(id, "protected by tag");
    }

    [Fact]
    public async Task Collect_CloudCannotSay_Skipped()
    {
        var (id, machine) = Marked(TimeSpan.FromHours(1));
        _shard.Cloud.Undescribable.Add(machine);

        await AssertSkippedAsync(id, "could not say");
    }

    [Fact]
    public async Task Collect_InGrace_Skipped()
    {
        var (id, _) = Marked(TimeSpan.FromHours(1));
        _shard.Input = _shard.Input with { Grace = new(SharedShard.Start.AddMinutes(-1), "a new host") };

        await AssertSkippedAsync(id, "grace period until");
    }

    [Fact]
    public async Task Collect_RecordNamesAnotherMachine_Skipped()
    {
        var (id, _) = Marked(TimeSpan.FromHours(1));
        _shard.PutRecord(id, "web", "i-another", SharedShard.Start.AddHours(-5), null);

        await AssertSkippedAsync(id, "manual review required");
    }

    [Fact]
    public async Task Collect_RowNamesAnotherMachine_IsNamedForPeople()
    {
        var (id, machine) = Marked(TimeSpan.FromHours(1));
        _shard.Nstance.File.Run("UPDATE instances SET provider_id = 'i-another' WHERE id = $0", id);

        var (_, collect) = await _shard.CycleAsync();

        Assert.Empty(_shard.Cloud.TerminateCalls);
        Assert.Contains(
            collect.Problems,
            problem => problem == $"row {id}, marked deleted, names i-another, "
                + $"and {machine} carries its id; manual review required");
    }

    [Theory]
    [InlineData("shutting-down", InstanceStatus.Deleting)]
    [InlineData("terminated", InstanceStatus.Deleted)]
    public async Task Collect_MachineShutsDownAlready_IsNoCandidate(string state, object status)
    {
        var (_, machine) = Marked(TimeSpan.FromHours(1));
        _shard.Cloud.Add(_shard.Cloud.Instances[machine] with { State = state, Status = (InstanceStatus)status });

        var (_, collect) = await _shard.CycleAsync();

        Assert.Equal(0, collect.Of(CollectReason.DeletedButRunning).Candidates);
        Assert.Empty(_shard.Cloud.TerminateCalls);
    }

    [Fact]
    public async Task Collect_MoreThanTheLimit_AreHeldAsAPlan()
    {
        for (var n = 0; n < 20; n++) Marked(TimeSpan.FromHours(1));

        var (_, collect) = await _shard.CycleAsync();

        Assert.Equal(20, collect.Of(CollectReason.DeletedButRunning).OverLimit);
        Assert.Equal(20, collect.Plan!.Instances);
        Assert.Empty(_shard.Cloud.TerminateCalls);
    }

    [Fact]
    public async Task Collect_Paused_Skipped()
    {
        var (id, _) = Marked(TimeSpan.FromHours(1));
        var pause = new PauseState("look first", default, Sweep: Sweep.DeletedButRunning);
        _shard.Input = _shard.Input with { PartialPauses = [pause] };

        await AssertSkippedAsync(id, "paused");
    }

    [Fact]
    public async Task Purge_PastItsRetentionWhileTheMachineShutsDown_RowAndRecordStay()
    {
        var (id, machine) = Marked(TimeSpan.FromHours(3));
        _shard.PutRecord(id, "web", machine, SharedShard.Start.AddHours(-5), null);
        _shard.Cloud.Add(
            _shard.Cloud.Instances[machine] with { State = "shutting-down", Status = InstanceStatus.Deleting });

        for (var cycle = 0; cycle < 5; cycle++) await _shard.CycleAsync();

        Assert.Contains(id, _shard.Nstance.File.Ids());
        Assert.Contains(
            _shard.Records.Objects.Keys,
            key => RecordKey.TryParse(SharedShard.Shard, key, out _, out var r) && r.ToString() == id);
        Assert.Empty(_shard.Cloud.TerminateCalls);

        _shard.Cloud.Instances.Remove(machine);
        for (var cycle = 0; cycle < 2; cycle++) await _shard.CycleAsync();
        Assert.DoesNotContain(id, _shard.Nstance.File.Ids());
    }

    /// <summary>
    /// EC2's known fault: a machine that shuts down for days. One termination, one line, then it is left to EC2.
    /// </summary>
    [Fact]
    public async Task Collect_StuckInShuttingDownForDays_IsTerminatedOnce()
    {
        var launched = SharedShard.Start.AddHours(-3);
        var machine = _shard.Launch(SharedShard.NewId(launched), launched).ProviderId;

        for (var cycle = 0; cycle < 60; cycle++) await _shard.CycleAsync();

        Assert.Equal([machine], _shard.Cloud.TerminateCalls);
        Assert.Single(_shard.Audit.Entries, e => e.ProviderId == machine && e.Action == "terminated");
    }

    private (string Id, string Machine) Marked(
        TimeSpan ago, InstanceStatus status = InstanceStatus.Running, string? protect = null)
    {
        var issued = SharedShard.Start.AddHours(-5);
        var id = SharedShard.NewId(issued);
        var machine = _shard.Launch(id, issued, status, "web", protect).ProviderId;
        var row = new NstanceInstance(id, "acme", "web", issued)
        {
            ProviderId = machine,
            RegisteredAt = issued,
            HealthAt = SharedShard.Start - ago - TimeSpan.FromMinutes(1),
            DeletedAt = SharedShard.Start - ago,
        };
        _shard.Nstance.Write(database => database.Insert(row));
        return (id, machine);
    }

    private async Task AssertSkippedAsync(string id, string why)
    {
        var before = NstanceTables.Dump(_shard.Path);

        var (_, collect) = await _shard.CycleAsync();

        Assert.Empty(_shard.Cloud.TerminateCalls);
        Assert.Contains(
            collect.Samples,
            s => s.InstanceId == id && s.Action == "skipped" && s.Why.Contains(why, StringComparison.Ordinal));
        Assert.Equal([], NstanceTables.Dump(_shard.Path).Changes($"'{id}'", before));
    }
}
