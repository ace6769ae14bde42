using Nstance.Temporal.Simulation.Nstance;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Simulation;

/// <summary>Which of nstance's terminations were caused by rows that the collector wrote.</summary>
public sealed class NstanceMisledTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 11, 23, 18, 0, 0, TimeSpan.Zero);

    private readonly FakeMachines _cloud = new();
    private readonly NstanceServer _v1;

    public NstanceMisledTests() => _v1 = New(NstanceGeneration.V1);

    public void Dispose() => _v1.Dispose();

    [Fact]
    public void Scale_AnOrphanWasInsertedIntoAGroupOfV1_TheOldestHealthyMemberIsMisled()
    {
        Orphan(_v1, "", "web", "hhhhhhhh");

        Assert.Equal("old", Assert.Single(_v1.Scale(_v1.Sizes(Now), Now).Terminations).InstanceId);

        Assert.Equal("GroupTooLarge old (i-old)", Assert.Single(_v1.Misled));
    }

    [Theory]
    [InlineData("", "web", "hhhhhhhh", "GroupUnknown dangling-i-orphan (i-orphan)")]
    [InlineData("acme", "web", "hhhhhhhh", "GroupTooLarge old (i-old)")]
    [InlineData("acme", "other", null, "GroupUnknown dangling-i-orphan (i-orphan)")]
    public void Scale_AnOrphanWasInsertedIntoV2_IsMisled(string tenant, string group, string? hash, string misled)
    {
        using var server = New(NstanceGeneration.V2);
        Orphan(server, tenant, group, hash);

        server.Scale(server.Sizes(Now), Now);

        Assert.Equal(misled, Assert.Single(server.Misled));
    }

    [Fact]
    public void Scale_TheHashOfARowWasRemoved_IsMisled()
    {
        _v1.File.Run("UPDATE instances SET infra_config_hash = NULL WHERE id = 'young'");
        _v1.Scale(_v1.Sizes(Now), Now);
        Assert.Equal("Drift young (i-young)", Assert.Single(_v1.Misled));
    }

    [Fact]
    public void Collect_AStoppedMachineWasNotedInTheRow_IsMisled()
    {
        _v1.File.SetStatus("old", "i-old", "stopped");
        _v1.Collect(Now);
        Assert.Equal("Unhealthy old (i-old)", Assert.Single(_v1.Misled));
    }

    [Fact]
    public void Collect_NstanceItselfNotedTheStoppedMachine_IsNotMisled()
    {
        _v1.Write(database => database.SetStatus("old", "i-old", "stopped"));
        Assert.Single(_v1.Collect(Now).Terminations);
        Assert.Empty(_v1.Misled);
    }

    [Fact]
    public void Collect_TheMachineIsGoneAlready_IsNotMisled()
    {
        _v1.File.SetStatus("old", "i-old", "deleted");
        _cloud.Live.Remove("i-old");
        Assert.Single(_v1.Collect(Now).Terminations);
        Assert.Empty(_v1.Misled);
    }

    [Fact]
    public void Collect_AnOrphanWithoutAGroupWasInserted_NstanceStopsAndIsMisled()
    {
        Orphan(_v1, "", null, null);
        Assert.NotNull(_v1.Collect(Now).Failure);
        Assert.Contains("group_key", Assert.Single(_v1.Misled), StringComparison.Ordinal);
    }

    [Fact]
    public void Scale_RowsOfGoneInstancesWereMarkedAndPurged_NothingIsTerminated()
    {
        _cloud.Live.Remove("i-old");
        _v1.File.MarkDeleted("old", Now);
        Assert.Equal(1, Assert.Single(_v1.Sizes(Now)).Value);
        Assert.Empty(_v1.Scale(_v1.Sizes(Now), Now).Terminations);

        _v1.File.Purge(Now.AddHours(1));
        Assert.Equal(1, Assert.Single(_v1.Sizes(Now)).Value);
        Assert.Empty(_v1.Scale(_v1.Sizes(Now), Now).Terminations);
        Assert.Empty(_v1.Misled);
    }

    [Fact]
    public void Scale_ARunningInstanceWasMarked_NstanceReplacesItAndIsMisled()
    {
        _v1.File.MarkDeleted("old", Now);
        Assert.Equal(1, _v1.Scale(_v1.Sizes(Now), Now).Missing);
        Assert.Equal("1 replacements of instances that run", Assert.Single(_v1.Misled));
    }

    [Fact]
    public void Scale_AMarkedRowWasRevived_IsMisled()
    {
        _v1.Write(database => database.MarkDeleted("old", Now));
        _v1.File.Run("UPDATE instances SET deleted_at = NULL");
        _v1.Scale(_v1.Sizes(Now), Now);
        Assert.Equal("GroupTooLarge old (i-old)", Assert.Single(_v1.Misled));
    }

    private NstanceServer New(NstanceGeneration generation)
    {
        var server = new NstanceServer(":memory:", generation, _cloud, TimeSpan.FromHours(1));
        NstanceInstance[] members = [Member("old", 2), Member("young", 1)];
        server.Write(database => database.Insert(members));
        _cloud.Live.UnionWith(["i-old", "i-young", "i-orphan"]);
        return server;
    }

    private static NstanceInstance Member(string id, int hours) =>
        new(id, "acme", "web", Now.AddHours(-hours)) { ProviderId = $"i-{id}", RegisteredAt = Now };

    /// <summary>As the collector's first edition did with a machine that only the cloud knew.</summary>
    private static void Orphan(NstanceServer server, string tenant, string? group, string? hash) => server.File.Insert(
        new NstanceInstance("dangling-i-orphan", tenant, group, Now)
        {
            ProviderId = "i-orphan",
            InfraConfigHash = hash,
        });
}
