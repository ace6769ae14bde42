using Nstance.Temporal.Simulation.Fleet;
using Nstance.Temporal.Simulation.Nstance;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>What the events of a story do to the world at their moment.</summary>
internal sealed class Happenings(ChaosWorld world)
{
    private const int YearsAhead = 10;

    private static readonly TimeSpan RegisterAgain = TimeSpan.FromMinutes(1);

    private DateTimeOffset Now => world.Now;

    private ShardFleet Fleet => world.Fleet;

    public void Happen(StoryEvent e)
    {
        if (e.Kind == ChaosEvent.Launch) Launch(e);
        if (e.Kind == ChaosEvent.StrangeObject)
            PutObject($"{Story.Shard.Prefix()}shard/{Story.Shard.Shard}/instance/..\n{e.Number}\u0001.json", "{");
        if (e.Kind == ChaosEvent.AgentsDown) SilenceAgents(e);
        var member = Fleet.Members.GetValueOrDefault(e.Member);
        if (world.Nstance is { } nstance) HappenToNstance(e, nstance, member);
        if (member is null) return;
        if (Fleet.MachineOf(member) is { } machine) HappenToMachine(e, member, machine.Id);
        HappenToMember(e, member);
    }

    private void HappenToNstance(StoryEvent e, ChaosNstance nstance, Member? member)
    {
        switch (e.Kind)
        {
            case ChaosEvent.Elect:
                nstance.Elect(nstance.Leader);
                break;
            case ChaosEvent.MoveLeader:
                nstance.Elect(nstance.Leader + 1);
                break;
            case ChaosEvent.LeaderDead:
                world.Later(e.For, () => nstance.Elect(nstance.Leader + (e.Member % 2)));
                break;
            case ChaosEvent.NstanceCollects when !world.Has(ChaosEvent.LeaderDead):
                nstance.Collect(member);
                break;
            case ChaosEvent.NstanceScales when !world.Has(ChaosEvent.LeaderDead):
                nstance.Scale(e.After ? Story.Group(e.Member) : null);
                break;
            case ChaosEvent.FutureRow when member is not null:
                var future = NstanceDatabase.Text(Now.AddYears(YearsAhead));
                var trueTime = nstance.Server.File.TimeOf(member.Id, e.Column);
                if (e.Column is "registered_at" or "health_at" && trueTime is null) break;
                Set(trueTime, future);
                world.Later(e.For, () => Set(future, trueTime));
                void Set(string? from, string? to) =>
                    nstance.Server.Write(database => database.SetTime(member.Id, e.Column, from, to));
                break;
        }
    }

    private void HappenToMember(StoryEvent e, Member member)
    {
        switch (e.Kind)
        {
            case ChaosEvent.SilenceAgent when member.RegisteredAt is not null:
                member.SilentSince ??= Now;
                if (e.For > TimeSpan.Zero) world.Later(e.For, () => world.EndSilence(member));
                break;
            case ChaosEvent.BeginDelete when Fleet.HasRecord(member) && !member.HasCorruptRecord:
                member.IsBeingDeleted = true;
                Fleet.PutRecord(member, world.ServerNow);
                break;
            case ChaosEvent.CorruptRecord when Fleet.HasRecord(member):
                member.HasCorruptRecord = true;
                var corrupt = $"{{ \"instance_id\": 7, \"registration_jwt\": \"{Member.SecretMark}\", ";
                PutObject(Story.Shard.RecordKey(member), corrupt);
                break;
            case ChaosEvent.CorruptRow:
                member.HasCorruptRow = true;
                world.Nstance?.Server.Write(database => database.SetState(member.Id, "{ broken"u8.ToArray()));
                break;
        }
    }

    private void HappenToMachine(StoryEvent e, Member member, string machine)
    {
        switch (e.Kind)
        {
            case ChaosEvent.StopMachine:
                world.Ec2.Stop(machine);
                if (e.For > TimeSpan.Zero) world.Later(e.For, () => world.Ec2.Start(machine));
                break;
            case ChaosEvent.Retire when member.HasRow:
                world.Ec2.Terminate(machine, ShardFleet.NstanceHand);
                world.S3.Delete(Story.Shard.Bucket, Story.Shard.RecordKey(member), ShardFleet.NstanceHand);
                world.Nstance?.Server.Write(database => database.MarkDeleted(member.Id, world.ServerNow));
                break;
            case ChaosEvent.TerminateElsewhere:
                world.Ec2.Terminate(machine, LivingFleet.Hand);
                break;
            case ChaosEvent.ProtectAtCloud:
                world.Ec2.Change(machine, m => m with { TerminationProtected = true });
                break;
            case ChaosEvent.ProtectByTag:
                var until = e.For == TimeSpan.Zero ? "true" : $"{Now + e.For:yyyy-MM-ddTHH:mm:ssZ}";
                world.SetTag(machine, "nstance:gc-protect", until);
                break;
        }
    }

    private void SilenceAgents(StoryEvent e)
    {
        var silent = world.Members.Where(m =>
            m is { RegisteredAt: not null, SilentSince: null } && world.IsDown(m)).ToList();
        foreach (var member in silent) member.SilentSince = Now;
        world.Later(e.For, () => silent.ForEach(world.EndSilence));
    }

    private void PutObject(string key, string text) =>
        world.S3.Put(Story.Shard.Bucket, key, System.Text.Encoding.UTF8.GetBytes(text));

    private void Launch(StoryEvent e)
    {
        var id = MemberId.New(new Random((world.Seed * 1000) + e.Member), "knc", Now);
        var issued = Now + world.Story.Setup.ServerSkew;
        var member = new Member(e.Member, id, Story.Tenant, Story.Group(e.Member), e.Scenario, issued);
        var zone = e.Member % 2 == 0 ? "a" : "b";
        Fleet.Create(member, $"i-{e.Member:x17}", zone, world.ServerNow);
        if (e.Scenario == Scenario.DuplicateId) Fleet.Launch(member, $"i-f{e.Member:x16}", zone, Now);
        if (e.Scenario is not (Scenario.Registers or Scenario.LostAnswerRegisters or Scenario.DuplicateId)) return;
        world.Later(e.For, () => Register(member));
        if (e.After) world.Later(e.For + TimeSpan.FromMinutes(3), () => Register(member));
    }

    /// <summary>
    /// While the bucket refuses, or its agent reaches no server, it tries again, as long as the machine runs.
    /// </summary>
    private void Register(Member member)
    {
        if (!world.IsRunning(member) || member.HasCorruptRecord || !Fleet.HasRecord(member)) return;
        var key = Story.Shard.RecordKey(member);
        if (world.IsDown(member)
            || world.Strikes(ChaosEvent.BucketRefusesWrite, key, (int)world.Elapsed.TotalMinutes))
        {
            world.Later(RegisterAgain, () => Register(member));
            return;
        }

        Fleet.Register(member, world.ServerNow);
        world.Trace(member.Id);
    }
}
