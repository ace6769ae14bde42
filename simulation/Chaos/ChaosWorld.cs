using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Simulation.Fleet;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>The first violation of a story, and the step at which it was found.</summary>
internal sealed record Violation(string Invariant, string Step, string What);

/// <summary>The world of a story: cloud, bucket, agents, nstance's rows. Its time moves only when advanced.</summary>
internal sealed class ChaosWorld
{
    /// <summary>How far a server's clock is ahead when it is wrong.</summary>
    public static readonly TimeSpan ClockAhead = TimeSpan.FromHours(5);

    private static readonly TimeSpan CloudLag = TimeSpan.FromSeconds(45);

    private readonly DateTimeOffset _start;
    private readonly ILookup<ChaosEvent, StoryEvent> _lasting;
    private readonly PriorityQueue<Action, (DateTimeOffset At, int Sequence)> _timers = new();
    private int _next;
    private int _sequence;
    private ulong _digest = Dice.Offset;

    public ChaosWorld(Story story, DateTimeOffset? start = null)
    {
        Story = story;
        _start = start ?? Story.Start;
        Now = _start;
        Clock = new WorldClock(this);
        _lasting = story.Events.Where(e => e.Kind > ChaosEvent.CorruptRow).ToLookup(e => e.Kind);
        var cloud = new SimulatedCloudOptions
        {
            Clock = Clock,
            BootTime = TimeSpan.FromSeconds(20),
            ShutdownTime = TimeSpan.FromSeconds(40),
            Buckets = [Story.Shard.Bucket],
        };
        Ec2 = new(cloud);
        S3 = new(cloud);
        Fleet = new(Story.Shard, Ec2, S3);
    }

    public Story Story { get; }

    public DateTimeOffset Now { get; private set; }

    /// <summary>The world's time, for code that asks a clock.</summary>
    public TimeProvider Clock { get; }

    public Ec2Truth Ec2 { get; }

    public BucketTruth S3 { get; }

    public ShardFleet Fleet { get; }

    public IEnumerable<Member> Members => Fleet.Members.Values;

    /// <summary>Machines of an id that two carry: for a person to decide.</summary>
    public HashSet<string> Duplicates { get; } = [];

    public Dictionary<string, DateTimeOffset> EndedByCollector { get; } = [];

    /// <summary>Machines whose termination the audit announced.</summary>
    public HashSet<string> Announced { get; } = [];

    /// <summary>nstance's server on the shared database; null: the hosts keep databases of their own.</summary>
    public ChaosNstance? Nstance { get; set; }

    public Violation? Violation { get; private set; }

    public string Step { get; set; } = "start";

    public bool Quiet { get; private set; }

    public string Digest => $"{_digest:x16}";

    public TimeSpan Elapsed => Now - _start;

    public int Seed => Story.Setup.Seed;

    public TimeSpan Lag => Holding(ChaosEvent.Lag).Any() ? CloudLag : TimeSpan.Zero;

    public string Config => Holding(ChaosEvent.BreakConfig).Any()
        ? "{ \"cluster\": { \"id\": "
        : Story.Shard.Config(Story.Setup.Timings with
        {
            RegistrationTimeout =
                Story.Setup.Timings.RegistrationTimeout * (Holding(ChaosEvent.Timeout).Any() ? 2 : 1),
        });

    /// <summary>The time by the clock of nstance's server.</summary>
    public DateTimeOffset ServerNow =>
        Now + Story.Setup.ServerSkew + (Holding(ChaosEvent.ServerClockAhead).Any() ? ClockAhead : TimeSpan.Zero);

    public void Violate(string invariant, string what) => Violation ??= new Violation(invariant, Step, what);

    /// <summary>Adds to the digest: two runs of a story are the same when their traces are.</summary>
    public void Trace(string line) => _digest = Dice.Mix(_digest, line);

    public IEnumerable<StoryEvent> Holding(ChaosEvent kind) =>
        Quiet ? [] : _lasting[kind].Where(e => e.Holds(Elapsed));

    public bool Strikes(ChaosEvent kind, string what, int count) =>
        Holding(kind).Any(e => Dice.Roll(Seed, e.Number, what, count) < e.Rate);

    /// <summary>Returns the machines in the states that the cloud showed at a time.</summary>
    public IEnumerable<Machine> Shown(DateTimeOffset at) =>
        Ec2.All().Select(m => Ec2.FindVisible(m.Id, at)).OfType<Machine>();

    /// <summary>Lets everything happen that is due until then, in order.</summary>
    public void Advance(DateTimeOffset to)
    {
        while (true)
        {
            var eventAt = _next < Story.Events.Count ? _start + Story.Events[_next].At : DateTimeOffset.MaxValue;
            var timerAt = _timers.TryPeek(out _, out var due) ? due.At : DateTimeOffset.MaxValue;
            if (eventAt > to && timerAt > to) break;
            Now = Max(Now, Min(eventAt, timerAt));
            if (eventAt <= timerAt) Happen(Story.Events[_next++]);
            else _timers.Dequeue()();
        }

        Now = Max(Now, to);
    }

    /// <summary>Ends all faults: agents whose machine runs report again.</summary>
    public void CalmDown()
    {
        if (Quiet) return;
        Quiet = true;
        foreach (var member in Members) member.SilentSince = null;
    }

    /// <summary>Agents report.</summary>
    public void Heartbeat()
    {
        var reporting = Members.Where(m => m is { RegisteredAt: not null, SilentSince: null } && IsRunning(m));
        Nstance?.File.Report(reporting.Select(m => (m.Id, ServerNow
            - (Story.Setup.Timings.HealthCheckInterval * (0.5 * Dice.Roll(Seed, m.Number, "beat", 0))))));
    }

    public bool IsRunning(Member member) => Fleet.MachineOf(member)?.State is MachineState.Running;

    private static DateTimeOffset Max(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;

    private static DateTimeOffset Min(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;

    private void Later(TimeSpan after, Action action) => _timers.Enqueue(action, (Now + after, _sequence++));

    private void Happen(StoryEvent e)
    {
        if (e.Kind == ChaosEvent.Launch) Launch(e);
        if (e.Kind == ChaosEvent.StrangeObject)
            PutObject($"{Story.Shard.Prefix()}shard/{Story.Shard.Shard}/instance/..\n{e.Number}\u0001.json", "{");
        if (e.Kind == ChaosEvent.NstanceCollects) Nstance?.Collect(Fleet.Members.GetValueOrDefault(e.Member));
        if (e.Kind == ChaosEvent.NstanceScales) Nstance?.Scale(e.After ? Story.Group(e.Member) : null);
        if (!Fleet.Members.TryGetValue(e.Member, out var member)) return;
        if (Fleet.MachineOf(member) is { } machine) HappenToMachine(e, member, machine);
        switch (e.Kind)
        {
            case ChaosEvent.SilenceAgent when member.RegisteredAt is not null:
                member.SilentSince ??= Now;
                if (e.For > TimeSpan.Zero) Later(e.For, () => member.SilentSince = null);
                break;
            case ChaosEvent.BeginDelete when Fleet.HasRecord(member) && !member.HasCorruptRecord:
                member.IsBeingDeleted = true;
                Fleet.PutRecord(member, ServerNow);
                break;
            case ChaosEvent.CorruptRecord when Fleet.HasRecord(member):
                member.HasCorruptRecord = true;
                var corrupt = $"{{ \"instance_id\": 7, \"registration_jwt\": \"{Member.SecretMark}\", ";
                PutObject(Story.Shard.RecordKey(member), corrupt);
                break;
            case ChaosEvent.CorruptRow:
                member.HasCorruptRow = true;
                Nstance?.Write(database => database.SetState(member.Id, "{ broken"u8.ToArray()));
                break;
        }
    }

    private void HappenToMachine(StoryEvent e, Member member, Machine machine)
    {
        switch (e.Kind)
        {
            case ChaosEvent.StopMachine:
                Ec2.Stop(machine.Id);
                if (e.For > TimeSpan.Zero) Later(e.For, () => Ec2.Start(machine.Id));
                break;
            case ChaosEvent.Retire when member.HasRow:
                Ec2.Terminate(machine.Id, ShardFleet.NstanceHand);
                S3.Delete(Story.Shard.Bucket, Story.Shard.RecordKey(member), ShardFleet.NstanceHand);
                Nstance?.Write(database => database.MarkDeleted(member.Id, ServerNow));
                break;
            case ChaosEvent.TerminateElsewhere:
                Ec2.Terminate(machine.Id, LivingFleet.Hand);
                break;
            case ChaosEvent.ProtectAtCloud:
                Ec2.Change(machine.Id, m => m with { TerminationProtected = true });
                break;
            case ChaosEvent.ProtectByTag:
                var until = e.For == TimeSpan.Zero ? "true" : $"{Now + e.For:yyyy-MM-ddTHH:mm:ssZ}";
                SetTag(machine.Id, "nstance:gc-protect", until);
                break;
        }
    }

    public void SetTag(string providerId, string name, string value) => Ec2.Change(
        providerId, m => m with { Tags = new Dictionary<string, string>(m.Tags) { [name] = value } });

    private void PutObject(string key, string text) =>
        S3.Put(Story.Shard.Bucket, key, System.Text.Encoding.UTF8.GetBytes(text));

    private void Launch(StoryEvent e)
    {
        var id = MemberId.New(new Random((Seed * 1000) + e.Member), "knc", Now);
        var issued = Now + Story.Setup.ServerSkew;
        var member = new Member(e.Member, id, Story.Tenant, Story.Group(e.Member), e.Scenario, issued);
        var zone = e.Member % 2 == 0 ? "a" : "b";
        Fleet.Create(member, $"i-{e.Member:x17}", zone, ServerNow);
        if (e.Scenario == Scenario.DuplicateId)
        {
            var second = $"i-f{e.Member:x16}";
            Fleet.Launch(member, second, zone, Now);
            Duplicates.UnionWith([member.ProviderId!, second]);
        }

        if (e.Scenario is not (Scenario.Registers or Scenario.LostAnswerRegisters or Scenario.DuplicateId)) return;
        Later(e.For, () => Register(member));
        if (e.After) Later(e.For + TimeSpan.FromMinutes(3), () => Register(member));
    }

    /// <summary>While the bucket refuses, the server tries again, as long as the machine runs.</summary>
    private void Register(Member member)
    {
        if (!IsRunning(member) || member.HasCorruptRecord || !Fleet.HasRecord(member)) return;
        if (Strikes(ChaosEvent.BucketRefusesWrite, Story.Shard.RecordKey(member), (int)Elapsed.TotalMinutes))
        {
            Later(TimeSpan.FromMinutes(1), () => Register(member));
            return;
        }

        Fleet.Register(member, ServerNow);
        Trace(member.Id);
    }

    private sealed class WorldClock(ChaosWorld world) : TimeProvider
    {
        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => world.Now;

        public override long GetTimestamp() => world.Now.UtcTicks;
    }
}
