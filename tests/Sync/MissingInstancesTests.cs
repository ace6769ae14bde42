using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Tests.Collect;

namespace Nstance.Temporal.Tests.Sync;

/// <summary>What the report and the audit say of a machine that a listing lacks, and when its row stays.</summary>
public sealed class MissingInstancesTests : IDisposable
{
    private readonly CollectWorld _world = new();
    private readonly CollectWorld.Made _other;

    public MissingInstancesTests()
    {
        _world.Db.SetMeta(MetaKeys.RebuiltAt, CollectWorld.AsOf);
        _other = Add();
    }

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task Sync_MachineIsTerminated_MarksItsRowAndSaysSo()
    {
        var made = Add(InstanceStatus.Deleted);

        var result = await _world.SyncAsync();

        Assert.False(_world.IsLive(made));
        Assert.Equal((1, 1, 0), (result.Listed, result.MarkedDeleted, result.Skipped));
        AssertOnlySample(result, made, "marked deleted", "terminated");
        AssertAudited(made, "marked-deleted", "terminated");
        Assert.Null(_world.ListedAs(made));
        Assert.Empty(result.Problems);
    }

    [Fact]
    public async Task Sync_MachineIsNotFound_MarksItsRowAndSaysSo()
    {
        var made = Add(inCloud: false);

        var result = await _world.SyncAsync();

        Assert.False(_world.IsLive(made));
        AssertOnlySample(result, made, "marked deleted", "not listed, and not found by id");
        AssertAudited(made, "marked-deleted", "not listed, and not found by id");
    }

    [Fact]
    public async Task Sync_DryRun_NamesTheRowAndLeavesIt()
    {
        var made = Add(InstanceStatus.Deleted);
        _world.Input = _world.Input with { DryRun = true };

        var result = await _world.SyncAsync();

        Assert.True(_world.IsLive(made));
        Assert.Equal(0, result.MarkedDeleted);
        AssertOnlySample(result, made, "would mark deleted", "terminated");
        AssertAudited(made, "would-mark-deleted", "terminated");
        Assert.Equal(["dry run: 1 rows were not marked deleted"], result.Problems);
    }

    [Fact]
    public async Task Sync_DryRunAndNothingIsMissing_ReportsNothing()
    {
        _world.Input = _world.Input with { DryRun = true };

        Assert.Empty((await _world.SyncAsync()).Problems);
    }

    [Fact]
    public async Task Sync_ListingOmitsARunningMachine_RowAndMachineStay()
    {
        var made = Add();
        _world.Cloud.Unlisted.Add(made.ProviderId);

        var result = await _world.SyncAsync();

        Assert.True(_world.IsLive(made));
        Assert.Equal((1, 0, 1), (result.Listed, result.MarkedDeleted, result.Updated));
        Assert.Equal("running", _world.ListedAs(made));
        Assert.Null(result.Suspect);
        Assert.Empty(result.Samples);
    }

    /// <summary>The table lacks the machine too: only the row names it.</summary>
    [Fact]
    public async Task Sync_OnlyTheRowNamesAnUnlistedMachine_IsAskedForAndStays()
    {
        var made = Add();
        Forget(made);
        _world.Cloud.Unlisted.Add(made.ProviderId);

        var result = await _world.SyncAsync();

        Assert.True(_world.IsLive(made));
        AssertOnlySample(result, made, "skipped", "not listed, but the cloud says running");
        AssertAudited(made, "skipped", "not listed, but the cloud says running");
        Assert.Equal((0, 1), (result.MarkedDeleted, result.Skipped));
        Assert.Equal("running", _world.ListedAs(made));
        Assert.Equal([made.ProviderId], _world.Cloud.Described);
    }

    [Fact]
    public async Task Sync_MachineLostItsTags_RowAndMachineStay()
    {
        var made = Add();
        Forget(made);
        _world.Cloud.Add(_world.Cloud.Instances[made.ProviderId] with { Tags = new Dictionary<string, string>() });

        var result = await _world.SyncAsync();

        Assert.True(_world.IsLive(made));
        AssertOnlySample(result, made, "skipped", "not listed: no longer tagged as ours");
    }

    [Fact]
    public async Task Sync_CloudDoesNotAnswerById_RowsStayAndTheCycleIsPartial()
    {
        var made = Add(InstanceStatus.Deleted);
        _world.Cloud.DescribeFault = new(CloudFault.Throttled, "slow down");

        var result = await _world.SyncAsync();

        Assert.True(_world.IsLive(made));
        Assert.Equal(
            "1 machines that were not listed were skipped, because the cloud did not answer by id: slow down",
            result.Outage);
        Assert.Equal([result.Outage!], result.Problems);
        Assert.Equal("running", _world.ListedAs(made));
    }

    [Fact]
    public async Task Sync_AnotherMachineCarriesItsId_RowStays()
    {
        var made = Add(InstanceStatus.Deleted);
        _world.Cloud.Add(Copy(made, "i-other"));

        var result = await _world.SyncAsync();

        Assert.True(_world.IsLive(made));
        AssertOnlySample(
            result, made, "skipped",
            $"its machine {made.ProviderId} is gone, and i-other carries its id; manual review required");
    }

    /// <summary>Its time may be newer than the listing.</summary>
    [Fact]
    public async Task Sync_TimeOfTheRowIsInvalid_RowStaysAndIsNamed()
    {
        var made = Add(InstanceStatus.Deleted);
        _world.Sql("UPDATE instances SET created_at = 'never' WHERE id = $id", ("$id", made.Id));

        var result = await _world.SyncAsync();

        Assert.True(_world.IsLive(made));
        var sample = Assert.Single(result.Samples, s => s.InstanceId == made.Id);
        Assert.StartsWith($"not listed; row {made.Id}: invalid created_at", sample.Why, StringComparison.Ordinal);
        Assert.Equal("skipped", sample.Action);
    }

    [Theory]
    [InlineData("issued_at")]
    [InlineData("created_at")]
    [InlineData("updated_at")]
    public async Task Sync_RowIsYoungerThanTheSettleTime_StaysWithoutANote(string column)
    {
        var made = Add(InstanceStatus.Deleted);
        var young = GoTime.Format(CollectWorld.AsOf - _world.Input.Timings.SettleTime);
        _world.Sql($"UPDATE instances SET {column} = $at WHERE id = $id", ("$at", young), ("$id", made.Id));

        var result = await _world.SyncAsync();

        Assert.True(_world.IsLive(made));
        Assert.Empty(result.Samples);
        Assert.Equal(0, result.Skipped);
    }

    /// <summary>nstance learns only from the collector that a machine shut down by itself.</summary>
    [Theory]
    [InlineData("deleting", true)]
    [InlineData("running", false)]
    public async Task Sync_MachineWasSeenShuttingDown_ItsGroupHasAnEvent(string listedAs, bool hasEvent)
    {
        var made = Add(InstanceStatus.Deleted);
        _world.List(made, listedAs, CollectWorld.AsOf.AddHours(-1));

        await _world.SyncAsync();

        Assert.Equal(hasEvent ? ["acme/web"] : [], _world.Db.WaitingGroups(9).Select(entry => entry.Id));
    }

    [Fact]
    public async Task Sync_MachineBelongsToAnotherRow_MarksTheReplacedOne()
    {
        var (old, now) = Replaced();

        var result = await _world.SyncAsync();

        Assert.False(_world.IsLive(old));
        Assert.True(_world.IsLive(now));
        AssertOnlySample(result, old, "marked deleted", $"its machine belongs to {now.Id}");
    }

    [Fact]
    public async Task Sync_MachineBelongsToAnotherRowAndOneCarriesTheOldId_RowStays()
    {
        var (old, now) = Replaced();
        _world.Cloud.Add(Copy(old, "i-other", now.ProviderId));

        var result = await _world.SyncAsync();

        Assert.True(_world.IsLive(old));
        Assert.Contains(result.Samples, s => s.Why == $"its machine is tagged as {now.Id}" && s.Action == "skipped");
    }

    /// <summary>A terminated machine keeps its tags for an hour.</summary>
    [Fact]
    public async Task Sync_OnlyATerminatedMachineCarriesTheOldId_MarksTheReplacedOne()
    {
        var (old, now) = Replaced();
        _world.Cloud.Add(Copy(old, "i-other", now.ProviderId) with { Status = InstanceStatus.Deleted });

        await _world.SyncAsync();

        Assert.False(_world.IsLive(old));
    }

    [Fact]
    public async Task Sync_ReplacedRowIsYoung_Stays()
    {
        var (old, _) = Replaced();
        _world.Sql(
            "UPDATE instances SET updated_at = $at WHERE id = $id", ("$at", GoTime.Format(CollectWorld.AsOf)),
            ("$id", old.Id));

        Assert.Equal(0, (await _world.SyncAsync()).MarkedDeleted);
        Assert.True(_world.IsLive(old));
    }

    [Fact]
    public async Task Sync_CloudCannotSayWhoCarriesTheOldId_RowStaysAndTheCycleIsPartial()
    {
        var (old, _) = Replaced();
        _world.Cloud.FindFault = new(CloudFault.Throttled, "slow down");

        var result = await _world.SyncAsync();

        Assert.True(_world.IsLive(old));
        Assert.Equal(
            "1 rows whose machine is tagged as another instance were skipped: slow down", result.Outage);
    }

    /// <summary>Ten machines may be missing at once; more than that, and more than are listed, is a fault.</summary>
    [Theory]
    [InlineData(10, false)]
    [InlineData(11, true)]
    public async Task Sync_MostMachinesAreMissing_TheListingIsSuspect(int missing, bool isSuspect)
    {
        var made = Enumerable.Range(0, missing).Select(_ => Add(InstanceStatus.Deleted)).ToList();

        var result = await _world.SyncAsync();

        Assert.Equal(missing, result.MarkedDeleted);
        Assert.All(made, one => Assert.False(_world.IsLive(one)));
        Assert.Equal(isSuspect, result.Suspect is not null);
        if (!isSuspect) return;
        const string Why = "the listing shrank implausibly: 11 of 12 machines are not in it";
        Assert.Equal(Why, result.Suspect);
        Assert.Equal(
            [$"{Why}; only rows whose machine is terminated or not found by id were marked"], result.Problems);
    }

    [Fact]
    public async Task Sync_NothingIsListedOrFound_MarksNothing()
    {
        _world.Cloud.Instances.Clear();
        Forget(_other);
        var before = _world.Db.GetMeta(MetaKeys.SyncedAt);
        _world.Input = _world.Input with { AsOf = CollectWorld.AsOf.AddMinutes(2) };

        var result = await _world.SyncAsync();

        const string Why = "the cloud lists nothing and finds none of 1 instances: wrong account or region?";
        Assert.Equal((Why, 0, 1), (result.Suspect, result.MarkedDeleted, result.Skipped));
        Assert.Equal([$"{Why} No row was marked"], result.Problems);
        Assert.Equal("not listed; the cloud could not say more", Assert.Single(result.Samples).Why);
        Assert.Equal(before, _world.Db.GetMeta(MetaKeys.SyncedAt));
    }

    [Fact]
    public async Task Sync_MoreMissingMachinesThanOnePage_AsksForAllInPages()
    {
        for (var i = 0; i < 1_001; i++) _world.Cloud.Unlisted.Add(Add().ProviderId);
        var calls = 0;
        _world.Cloud.BeforeDescribe = () => calls++;
        var beats = new List<string>();

        var result = await _world.SyncAsync(beat: beats.Add);

        Assert.Equal((2, 1_001), (calls, result.Updated));
        Assert.Equal(2, beats.Count(b => b == "sync: asking for machines that were not listed, 1 listed"));
    }

    private CollectWorld.Made Add(InstanceStatus status = InstanceStatus.Running, bool inCloud = true) =>
        _world.Add(status: status, registered: true, recordRegistered: true, inCloud: inCloud);

    /// <summary>Two rows name one machine, which carries the id of the second.</summary>
    private (CollectWorld.Made Old, CollectWorld.Made Now) Replaced()
    {
        var old = Add(inCloud: false);
        var now = Add();
        Forget(old);
        _world.Sql(
            "UPDATE instances SET provider_id = $provider WHERE id = $id", ("$provider", now.ProviderId),
            ("$id", old.Id));
        return (old, now);
    }

    private CloudInstance Copy(CollectWorld.Made made, string providerId, string? of = null)
    {
        var instance = _world.Cloud.Instances[of ?? made.ProviderId];
        var tags = new Dictionary<string, string>(instance.Tags) { [CloudTags.InstanceId] = made.Id };
        return instance with
        {
            ProviderId = providerId,
            State = "running",
            Status = InstanceStatus.Running,
            Tags = tags,
        };
    }

    private void Forget(CollectWorld.Made made) =>
        _world.Sql("DELETE FROM gc_machines WHERE provider_id = $id", ("$id", made.ProviderId));

    private static void AssertOnlySample(SyncResult result, CollectWorld.Made made, string action, string why)
    {
        var sample = Assert.Single(result.Samples);
        Assert.Equal((made.Id, action, why), (sample.InstanceId, sample.Action, sample.Why));
    }

    private void AssertAudited(CollectWorld.Made made, string action, string why)
    {
        var entry = Assert.Single(_world.Audit.Entries);
        Assert.Equal((made.Id, action, why), (entry.Instance, entry.Action, entry.Why));
    }
}
