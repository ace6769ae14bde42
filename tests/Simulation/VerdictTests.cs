using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Simulation.Demo;
using Nstance.Temporal.Simulation.Fleet;

namespace Nstance.Temporal.Tests.Simulation;

/// <summary>Each planted fault must be in the verdict.</summary>
public class VerdictTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 23, 18, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Later = Start.AddMinutes(5);

    [Fact]
    public void Of_NothingHappenedToAHealthyFleet_IsOk()
    {
        var world = new World();
        world.Add(Scenario.Registers);
        world.Add(Scenario.Protected);
        Assert.True(world.Judge().Ok);
    }

    [Theory]
    [InlineData("Registers")]
    [InlineData("RegistersLate")]
    [InlineData("FallsSilent")]
    [InlineData("Protected")]
    [InlineData("Foreign")]
    public void Of_HealthyInstanceTerminated_IsReported(string scenario)
    {
        var world = new World();
        var member = world.Add(Enum.Parse<Scenario>(scenario));
        world.EndByCollector(member, Later);
        var verdict = world.Judge();
        Assert.False(verdict.Ok);
        Assert.Single(verdict.WronglyTerminated);
    }

    [Fact]
    public void Of_DanglingEndedBeforeItsTime_IsWronglyEnded()
    {
        var world = new World();
        var member = world.Add(Scenario.NeverRegisters);
        world.EndByCollector(member, member.GarbageSince!.Value.AddSeconds(-1));
        world.Tell(member, Later);
        Assert.Single(world.Judge().WronglyTerminated);
    }

    [Fact]
    public void Of_DanglingTerminatedAndNotified_CountsAndIsOk()
    {
        var world = new World();
        var member = world.Add(Scenario.NeverRegisters);
        world.EndByCollector(member, Later);
        world.Tell(member, Later.AddSeconds(1));
        var verdict = world.Judge();
        Assert.True(verdict.Ok);
        Assert.Equal(1, verdict.Dangling);
    }

    [Fact]
    public void Of_GroupNotifiedBeforeTheTermination_IsALostEvent()
    {
        var world = new World();
        var member = world.Add(Scenario.Stopped);
        world.EndByCollector(member, Later);
        world.Tell(member, Later.AddSeconds(-1));
        Assert.Single(world.Judge().LostEvents);
    }

    [Theory]
    [InlineData("NeverRegisters")]
    [InlineData("Stopped")]
    [InlineData("Orphan")]
    [InlineData("Untagged")]
    [InlineData("LostAnswer")]
    [InlineData("PreInsertOnly")]
    [InlineData("Expired")]
    public void Of_GarbageIsStillThere_IsMissed(string scenario)
    {
        var world = new World();
        world.Add(Enum.Parse<Scenario>(scenario));
        Assert.Single(world.Judge().MissedGarbage);
    }

    [Fact]
    public void Of_GarbageThatBecameSoTooLate_IsNotMissed()
    {
        var world = new World { JudgedBefore = Start };
        world.Add(Scenario.NeverRegisters);
        Assert.True(world.Judge().Ok);
    }

    [Fact]
    public void Of_RecordOfALivingOneIsGone_IsLost()
    {
        var world = new World();
        var member = world.Add(Scenario.Registers);
        world.Objects.Remove(ShardLayout.Demo.RecordKey(member));
        Assert.Single(world.Judge().LostRecords);
    }

    [Fact]
    public void Of_ForeignObjectChanged_IsLost()
    {
        var world = new World();
        world.Objects["cluster/ca.crt"] = [2];
        Assert.Single(world.Judge().LostRecords);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Of_EndedInstance_MustStandInTheAudit(bool stands)
    {
        var world = new World();
        var member = world.Add(Scenario.NeverRegisters);
        world.EndByCollector(member, Later);
        world.Tell(member, Later.AddSeconds(1));
        world.Audit = stands ? $$"""{"action":"terminated","provider_id":"{{member.ProviderId}}"}""" : "";
        Assert.Equal(stands, world.Judge().Ok);
    }

    [Fact]
    public void Of_SilentInstanceWithoutNotification_IsALostEvent()
    {
        var world = new World();
        var member = world.Add(Scenario.FallsSilent, told: false);
        Assert.Contains(member.Id, Assert.Single(world.Judge().LostEvents), StringComparison.Ordinal);
    }

    [Fact]
    public void Of_NstanceTerminatedAMember_IsNotTheCollectorsTermination()
    {
        var world = new World();
        var member = world.Add(Scenario.Registers);
        world.EndByCollector(member, Later, ShardFleet.NstanceHand);
        var verdict = world.Judge();
        Assert.Empty(verdict.WronglyTerminated);
        Assert.True(verdict.Ok);
    }

    [Fact]
    public void Of_NstanceWasMisledByTheCollectorsRows_IsNotOk()
    {
        var world = new World { NstanceMisled = ["GroupTooLarge knc (i-1)"] };
        world.Add(Scenario.Registers);
        Assert.False(world.Judge().Ok);
    }

    [Fact]
    public void MemberId_MadeApartFromTheCollector_ReadsThere()
    {
        var random = new Random(7);
        for (var n = 0; n < 200; n++)
        {
            var made = MemberId.New(random, "knc", Start.AddHours(n));
            Assert.True(Activities.Domain.InstanceId.TryParse(made.ToString(), out var read));
            Assert.Equal(made.StorageKey, read.StorageKey);
            Assert.Equal(made.ToString(), read.ToString());
        }
    }

    private sealed class World
    {
        private readonly List<Member> _members = [];
        private readonly Dictionary<string, Machine> _machines = new(StringComparer.Ordinal);
        private readonly HashSet<string> _rows = new(StringComparer.Ordinal);
        private readonly List<Arrival> _arrivals = [];
        private readonly Random _random = new(1);

        public World() => Objects["cluster/ca.crt"] = [1];

        public Dictionary<string, byte[]> Objects { get; } = new(StringComparer.Ordinal);

        public string? Audit { get; set; }

        public IReadOnlyList<string> NstanceMisled { get; init; } = [];

        public DateTimeOffset JudgedBefore { get; init; } = Start.AddHours(1);

        public Member Add(Scenario scenario, bool told = true)
        {
            var member = FleetPlan.Make(_random, _members.Count, scenario, Start) with
            {
                ProviderId = scenario is Scenario.PreInsertOnly ? null : $"i-{_members.Count:x17}",
                RegisteredAt = scenario is Scenario.Registers or Scenario.FallsSilent or Scenario.RegistersLate
                    ? Start : null,
            };
            if (!member.MustLive) member = member with { GarbageSince = Start.AddMinutes(1) };
            _members.Add(member);
            if (member.ProviderId is { } id) _machines[id] = new Machine(id, Start, MachineState.Running, Start);
            if (member.HasRow)
            {
                _rows.Add(member.Id);
                Objects[ShardLayout.Demo.RecordKey(member)] = [1];
            }

            if (scenario is Scenario.FallsSilent && told)
                Arrive(ReconcileEventType.CheckInstance, "ReplaceInstance", member, Start);
            return member;
        }

        public void EndByCollector(Member member, DateTimeOffset at, string hand = "demo")
        {
            var before = _machines[member.ProviderId!];
            _machines[before.Id] = before with { State = MachineState.Terminated, EndedAt = at, EndedBy = hand };
        }

        public void Tell(Member member, DateTimeOffset at) =>
            Arrive(ReconcileEventType.GroupChanged, "GroupChanged", member, at);

        public Verdict Judge() => Verdict.Of(new Truth
        {
            Members = _members,
            Machine = id => _machines.GetValueOrDefault(id),
            Object = key => Objects.GetValueOrDefault(key),
            Rows = _rows,
            ForeignObjects = new Dictionary<string, byte[]>(StringComparer.Ordinal) { ["cluster/ca.crt"] = [1] },
            Arrivals = _arrivals,
            JudgedBefore = JudgedBefore,
            Audit = Audit,
            NstanceMisled = NstanceMisled,
        });

        private void Arrive(ReconcileEventType type, string kind, Member member, DateTimeOffset at)
        {
            var e = new ReconcileEvent(type, member.Tenant, member.Group, member.Id, at, false, "test");
            _arrivals.Add(new Arrival(at, new Notification(ShardLayout.Demo, kind, [e], "key")));
        }
    }
}
