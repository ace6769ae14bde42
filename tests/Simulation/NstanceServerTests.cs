using Nstance.Temporal.Simulation.Nstance;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Simulation;

/// <summary>nstance's decisions from its rows: each line of the contract's table, for both generations.</summary>
public sealed class NstanceServerTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 11, 23, 18, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan RegistrationTimeout = TimeSpan.FromMinutes(5);

    private readonly FakeMachines _cloud = new();
    private readonly Dictionary<string, NstanceServer> _servers;

    public NstanceServerTests() => _servers = new(StringComparer.Ordinal)
    {
        ["V1"] = new(":memory:", NstanceGeneration.V1, _cloud, RegistrationTimeout),
        ["V2"] = new(":memory:", NstanceGeneration.V2, _cloud, RegistrationTimeout),
    };

    public void Dispose()
    {
        foreach (var server in _servers.Values) server.Dispose();
    }

    [Theory]
    [InlineData("stopping")]
    [InlineData("stopped")]
    [InlineData("suspending")]
    [InlineData("suspended")]
    [InlineData("deleting")]
    [InlineData("deleted")]
    [InlineData("repairing")]
    public void Collect_UnhealthyStatus_TerminatesDeletesAndMarks(string status)
    {
        var server = _servers["V2"];
        Add(server, Registered("a"), Registered("b") with { Status = status });

        var outcome = server.Collect(Now);

        Assert.Equal([new("b", "i-b", NstanceReason.Unhealthy)], outcome.Terminations);
        Assert.Equal("i-b", Assert.Single(_cloud.Terminated));
        Assert.Equal("b", Assert.Single(_cloud.DeletedRecords));
        Assert.Equal("a", Assert.Single(server.File.Live()).Id);
        Assert.Empty(server.Misled);
    }

    [Theory]
    [InlineData("pending")]
    [InlineData("running")]
    [InlineData("unknown")]
    public void Collect_OtherStatus_TerminatesNothing(string status)
    {
        Add(_servers["V1"], Registered("a") with { Status = status });

        var outcome = _servers["V1"].Collect(Now);

        Assert.Empty(outcome.Terminations);
        Assert.Null(outcome.Failure);
    }

    [Theory]
    [InlineData("V1")]
    [InlineData("V2")]
    public void Collect_UnregisteredForLongerThanTheTimeout_TerminatesWithoutLimits(string generation)
    {
        var server = _servers[generation];
        var second = TimeSpan.FromSeconds(1);
        var old = Enumerable.Range(0, 50).Select(n => Pending($"old-{n:00}", RegistrationTimeout + second)).ToArray();
        Add(server, [.. old, Pending("young", RegistrationTimeout - second), Registered("registered")]);

        var outcome = server.Collect(Now);

        Assert.Equal(old.Select(i => i.Id), outcome.Terminations.Select(t => t.InstanceId));
        Assert.All(outcome.Terminations, t => Assert.Equal(NstanceReason.Dangling, t.Why));
        Assert.Equal(50, _cloud.Terminated.Count);
    }

    [Fact]
    public void Collect_OldPreInsertWithoutProviderId_MarksTheRowAndAsksTheCloudNothing()
    {
        Add(_servers["V2"], Pending("a", TimeSpan.FromHours(1)) with { ProviderId = null });

        var outcome = _servers["V2"].Collect(Now);

        Assert.Equal([new("a", null, NstanceReason.Dangling)], outcome.Terminations);
        Assert.Empty(_cloud.Terminated);
        Assert.Empty(_servers["V2"].File.Live());
    }

    [Fact]
    public void Collect_TheCloudRefuses_LeavesTheRowForTheNextCycle()
    {
        Add(_servers["V2"], Pending("a", TimeSpan.FromHours(1)));
        _cloud.Protected.Add("i-a");

        Assert.Empty(_servers["V2"].Collect(Now).Terminations);

        Assert.Empty(_cloud.DeletedRecords);
        Assert.Single(_servers["V2"].File.Live());
    }

    [Theory]
    [InlineData("V1")]
    [InlineData("V2")]
    public void CollectAndScale_NullGroupInALiveRow_FailAndTerminateNothing(string generation)
    {
        var server = _servers[generation];
        Add(server, Pending("dangling", TimeSpan.FromHours(1)), Registered("a") with { Group = null });

        Assert.Contains("group_key", server.Collect(Now).Failure, StringComparison.Ordinal);
        Assert.Contains("group_key", server.Scale(Desired(("acme", "web", 0)), Now).Failure, StringComparison.Ordinal);

        Assert.Empty(_cloud.Terminated);
        server.Write(database => database.MarkDeleted("a", Now));
        Assert.Single(server.Collect(Now).Terminations);
    }

    [Fact]
    public void Collect_ProviderStateIsNotJson_FailsAndTerminatesNothing()
    {
        Add(_servers["V1"], Pending("dangling", TimeSpan.FromHours(1)), Registered("rotten"));
        _servers["V1"].Write(database => database.SetState("rotten", "{ broken"u8.ToArray()));

        Assert.Contains("rotten", _servers["V1"].Collect(Now).Failure, StringComparison.Ordinal);

        Assert.Empty(_cloud.Terminated);
    }

    [Theory]
    [InlineData("V1")]
    [InlineData("V2")]
    public void Scale_MoreThanDesired_TerminatesTheOldestHealthyMembers(string generation)
    {
        var server = _servers[generation];
        Add(server, Registered("young", hours: 1), Registered("oldest", hours: 9), Registered("old", hours: 5));

        var outcome = server.Scale(Desired(("acme", "web", 2)), Now);

        Assert.Equal([new("oldest", "i-oldest", NstanceReason.GroupTooLarge)], outcome.Terminations);
        Assert.Empty(server.Scale(Desired(("acme", "web", 2)), Now).Terminations);
    }

    [Theory]
    [InlineData("V1", 1)]
    [InlineData("V2", 0)]
    public void Scale_SameGroupNameInTwoTenants_CountsThemTogetherInV1Only(string generation, int terminated)
    {
        var server = _servers[generation];
        Add(server, Registered("a", hours: 9), Registered("b") with { Tenant = "globex" });

        var outcome = server.Scale(Desired(("acme", "web", 1), ("globex", "web", 1)), Now);

        Assert.Equal(terminated, outcome.Terminations.Count);
    }

    [Theory]
    [InlineData("V1")]
    [InlineData("V2")]
    public void Scale_OnDemandAndMarkedInstances_AreNotCounted(string generation)
    {
        var server = _servers[generation];
        Add(server, Registered("a"));
        Add(server, Registered("b") with { OnDemand = true }, Registered("c") with { DeletedAt = Now });

        Assert.Empty(server.Scale(Desired(("acme", "web", 1)), Now).Terminations);
    }

    [Theory]
    [InlineData("V1")]
    [InlineData("V2")]
    public void Scale_AnInstanceIsMarkedAsDeleted_TheGroupIsOneShort(string generation)
    {
        var server = _servers[generation];
        Add(server, Registered("a"), Registered("b") with { DeletedAt = Now });

        Assert.Equal(1, server.Scale(Desired(("acme", "web", 2)), Now).Missing);
    }

    [Theory]
    [InlineData("V1", "", 0)]
    [InlineData("V1", "globex", 0)]
    [InlineData("V2", "", 2)]
    [InlineData("V2", "globex", 2)]
    public void Scale_GroupThatNoConfigurationNames_IsScaledToZeroInV2(string generation, string tenant, int terminated)
    {
        var server = _servers[generation];
        Add(server, Registered("a"));
        Add(server, [.. new[] { "b", "c" }.Select(id => Registered(id) with { Tenant = tenant, Group = "x" })]);

        var outcome = server.Scale(Desired(("acme", "web", 1)), Now);

        Assert.Equal(terminated, outcome.Terminations.Count);
        Assert.All(outcome.Terminations, t => Assert.Equal(NstanceReason.GroupUnknown, t.Why));
    }

    [Theory]
    [InlineData("V1")]
    [InlineData("V2")]
    public void Scale_NoInfraConfigHash_RotatesTheInstance(string generation)
    {
        var server = _servers[generation];
        Add(server, Registered("a"), Registered("b") with { InfraConfigHash = null });

        var outcome = server.Scale(Desired(("acme", "web", 2)), Now);

        Assert.Equal([new("b", "i-b", NstanceReason.Drift)], outcome.Terminations);
    }

    private static Dictionary<NstanceGroup, int> Desired(params (string Tenant, string Group, int Size)[] groups) =>
        groups.ToDictionary(g => new NstanceGroup(g.Tenant, g.Group), g => g.Size);

    private static NstanceInstance Registered(string id, int hours = 1) =>
        Pending(id, TimeSpan.FromHours(hours)) with { RegisteredAt = Now };

    private static NstanceInstance Pending(string id, TimeSpan age) =>
        new(id, "acme", "web", Now - age) { ProviderId = $"i-{id}" };

    private void Add(NstanceServer server, params NstanceInstance[] instances)
    {
        server.Write(database => database.Insert(instances));
        _cloud.Live.UnionWith(instances.Select(i => i.ProviderId).OfType<string>());
    }
}
