using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Simulation.Nstance;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Shards;

/// <summary>
/// nstance acts on its rows. So a dry-run changes none of them, and nothing that the collector writes makes nstance
/// terminate a machine. Each case was seen with the first edition (issue 20).
/// </summary>
public sealed class BesideNstanceTests
{
    public static TheoryData<string> Generations => ["V1", "V2"];

    [Theory]
    [MemberData(nameof(Generations))]
    public async Task DryRun_OrphansAndAProtectedStoppedMachine_NstanceTerminatesNothing(string generation)
    {
        using var shard = New(generation);
        shard.AddMember(hours: 5);
        shard.AddMember(hours: 4, status: InstanceStatus.Stopped, protect: "true");
        Orphan(shard);
        Orphan(shard, protect: "true");
        var before = NstanceTables.Dump(shard.Path);

        for (var cycle = 0; cycle < 3; cycle++) await shard.CycleAsync();

        NstanceTables.AssertOnlyReportsDiffer(before, NstanceTables.Dump(shard.Path));
        AssertNstanceTerminatesNothing(shard);
    }

    [Theory]
    [InlineData("V1", true)]
    [InlineData("V1", false)]
    [InlineData("V2", true)]
    [InlineData("V2", false)]
    public async Task Cycle_OrphanTaggedWithAFullGroup_NoHealthyMemberIsTerminated(string generation, bool dryRun)
    {
        using var shard = New(generation);
        shard.AddMember(hours: 5);
        shard.AddMember(hours: 4);
        Orphan(shard, protect: "true");
        shard.Input = shard.Input with { DryRun = dryRun };

        for (var cycle = 0; cycle < 3; cycle++) await shard.CycleAsync();

        var outcome = shard.Nstance.Scale(
            new Dictionary<NstanceGroup, int> { [new("acme", "web")] = 2 }, shard.Input.AsOf);
        Assert.Empty(outcome.Terminations);
        AssertNstanceTerminatesNothing(shard);
    }

    [Theory]
    [MemberData(nameof(Generations))]
    public async Task Cycle_FortyOfAHundredAreStopped_TheLimitHoldsThemFromNstanceToo(string generation)
    {
        using var shard = New(generation);
        for (var n = 0; n < 100; n++)
            shard.AddMember(hours: 5, status: n < 40 ? InstanceStatus.Stopped : InstanceStatus.Running);
        shard.Input = shard.Input with { DryRun = false };

        var (_, collect) = await shard.CycleAsync();

        Assert.Equal(40, collect.Of(CollectReason.Unhealthy).OverLimit);
        Assert.NotNull(collect.Plan);
        Assert.Empty(shard.Cloud.TerminateCalls);
        AssertNstanceTerminatesNothing(shard);
    }

    [Theory]
    [MemberData(nameof(Generations))]
    public async Task Cycle_OrphanWithoutAGroupTag_NstancesListsStillWork(string generation)
    {
        using var shard = New(generation);
        shard.AddMember(hours: 5);
        Orphan(shard, group: null, protect: "true");
        shard.Input = shard.Input with { DryRun = false };

        var (sync, _) = await shard.CycleAsync();

        Assert.Equal(2, sync.Listed);
        AssertNstanceTerminatesNothing(shard);
    }

    [Theory]
    [MemberData(nameof(Generations))]
    public async Task Cycle_UnknownMachine_SyncSucceedsAndTheOrphanIsTerminated(string generation)
    {
        using var shard = New(generation);
        for (var n = 0; n < 20; n++) shard.AddMember(hours: 5);
        var orphan = Orphan(shard);
        shard.Input = shard.Input with { DryRun = false };

        var (sync, collect) = await shard.CycleAsync();

        Assert.Null(sync.Suspect);
        Assert.Equal(1, collect.Of(CollectReason.Orphan).Terminated);
        Assert.Equal([orphan], shard.Cloud.TerminateCalls);
        Assert.DoesNotContain(shard.Nstance.File.Ids(), id => shard.Cloud.Instances[orphan].InstanceId == id);
    }

    [Theory]
    [MemberData(nameof(Generations))]
    public async Task Sync_RowsWithBlobs_ConvergesAndAStoppedMachineIsACandidate(string generation)
    {
        using var shard = New(generation);
        for (var n = 0; n < 30; n++) shard.AddMember(hours: 5);
        await shard.CycleAsync();
        var stopped = shard.AddMember(hours: 5, status: InstanceStatus.Stopped);

        var (changed, collect) = await shard.CycleAsync();
        var (unchanged, _) = await shard.CycleAsync();

        Assert.Equal(1, changed.Updated);
        Assert.Equal(0, unchanged.Updated);
        Assert.Contains(
            collect.Samples,
            s => s.InstanceId == stopped && s.Action == "would-terminate" && s.Why == "stopped at the cloud");
    }

    [Theory]
    [InlineData("V1", false)]
    [InlineData("V1", true)]
    [InlineData("V2", false)]
    [InlineData("V2", true)]
    public async Task Cycle_RecordedAndRegisteredButNoRow_GetsTheRowThatNstanceWouldMake(
        string generation, bool hasUnknownColumns)
    {
        using var shard = New(generation, hasUnknownColumns);
        shard.AddMember(hours: 5);
        var lost = shard.AddMember(hours: 4, hasRow: false);
        shard.Input = shard.Input with { DryRun = false };

        var (sync, _) = await shard.CycleAsync();

        Assert.Equal(1, sync.Added);
        Assert.Contains(lost, shard.Nstance.File.Ids());
        Assert.Empty(shard.Nstance.Collect(shard.Input.AsOf).Terminations);
        Assert.Equal("blob", Typeof(shard, lost, "provider_state"));
    }

    [Theory]
    [InlineData("ALTER TABLE instances ADD COLUMN rack TEXT NOT NULL DEFAULT 'r1'", true)]
    [InlineData(null, false)]
    public async Task Cycle_NoRowAndAColumnThatMustBeFilled_IsAddedOrNamed(string? alter, bool isAdded)
    {
        using var shard = New("V1");
        if (alter is not null) shard.Nstance.File.Run(alter);
        else Rebuild(shard);
        shard.AddMember(hours: 4, hasRow: false);
        shard.Input = shard.Input with { DryRun = false };

        var (sync, _) = await shard.CycleAsync();

        Assert.Equal(isAdded ? 1 : 0, sync.Added);
        if (!isAdded)
            Assert.Contains(
                sync.Problems,
                p => p.Contains(
                    $"{shard.Path}, table instances, column rack must be filled; update nstance-gc",
                    StringComparison.Ordinal));
        Assert.Empty(shard.Cloud.TerminateCalls);
    }

    [Fact]
    public async Task Cycle_NoRowAndTheRecordHasNoConfigHash_IsNamedAndNotAdded()
    {
        using var shard = New("V2");
        var lost = shard.AddMember(hours: 4, hasRow: false);
        var key = shard.Records.Objects.Keys.Single();
        shard.Records.Put(
            key,
            System.Text.Encoding.UTF8.GetString(shard.Records.Objects[key]).Replace(
                "\"infra_config_hash\": \"hhhhhhhh\",", "", StringComparison.Ordinal));
        shard.Input = shard.Input with { DryRun = false };

        var (sync, _) = await shard.CycleAsync();

        Assert.Contains(
            sync.Problems,
            p => p.Contains("no infra_config_hash, and nstance would rotate the instance", StringComparison.Ordinal));
        Assert.DoesNotContain(lost, shard.Nstance.File.Ids());
        Assert.Empty(shard.Cloud.TerminateCalls);
    }

    private static SharedShard New(string generation, bool hasUnknownColumns = false) =>
        new(Enum.Parse<NstanceGeneration>(generation), hasUnknownColumns);

    private static string Orphan(SharedShard shard, string? group = "web", string? protect = null)
    {
        var launched = SharedShard.Start.AddHours(-3);
        return shard.Launch(SharedShard.NewId(launched), launched, group: group, protect: protect).ProviderId;
    }

    private static void AssertNstanceTerminatesNothing(SharedShard shard)
    {
        var now = shard.Input.AsOf;
        var collected = shard.Nstance.Collect(now);
        Assert.Null(collected.Failure);
        Assert.Empty(collected.Terminations);
        var scaled = shard.Nstance.Scale(shard.Nstance.Sizes(now), now);
        Assert.Null(scaled.Failure);
        Assert.Empty(scaled.Terminations);
        Assert.Empty(shard.Nstance.Misled);
    }

    private static string Typeof(SharedShard shard, string id, string column)
    {
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={shard.Path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT typeof({column}) FROM instances WHERE id = $id";
        command.Parameters.AddWithValue("$id", id);
        return (string)command.ExecuteScalar()!;
    }

    /// <summary>A later version of nstance, whose rows must name their rack.</summary>
    private static void Rebuild(SharedShard shard) => shard.Nstance.File.Run("""
        ALTER TABLE instances RENAME TO old;
        CREATE TABLE instances AS SELECT * FROM old WHERE 0;
        DROP TABLE instances;
        DROP TABLE public_keys; DROP TABLE lb_instances; DROP TABLE old;
        CREATE TABLE instances (
          id TEXT PRIMARY KEY NOT NULL, tenant TEXT NOT NULL, group_key TEXT, on_demand INTEGER DEFAULT 0,
          provider_id TEXT, provider_at DATETIME, hostname TEXT, fqdn TEXT, ip4 TEXT, ip6 TEXT, provider_state TEXT,
          nonce TEXT NOT NULL UNIQUE, rack TEXT NOT NULL, issued_at DATETIME, instance_pub TEXT, registered_at DATETIME,
          certificates_at DATETIME, health_at DATETIME, health TEXT, infra_config_hash TEXT, drain_started_at DATETIME,
          drain_acked_at DATETIME, created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, updated_at DATETIME,
          deleted_at DATETIME);
        CREATE TABLE lb_instances (
          lb_key TEXT NOT NULL, instance_id TEXT NOT NULL, status TEXT NOT NULL, PRIMARY KEY (lb_key, instance_id));
        CREATE TABLE public_keys (
          id INTEGER PRIMARY KEY, instance_id TEXT NOT NULL, filename TEXT NOT NULL, public_key_pem TEXT NOT NULL);
        """);
}
