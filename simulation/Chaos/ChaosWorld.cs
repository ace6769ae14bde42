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

    private readonly ILookup<ChaosEvent, StoryEvent> _events;
    private readonly PriorityQueue<Action, (DateTimeOffset At, int Sequence)> _due = new();
    private DateTimeOffset _beat;
    private int _sequence;
    private ulong _digest = Dice.Offset;

    public ChaosWorld(Story story, DateTimeOffset? start = null)
    {
        Story = story;
        Start = start ?? Story.Start;
        Now = Start;
        Clock = new WorldClock(() => Now);
        TemporalClock = new WorldClock(() => TemporalNow);
        _events = story.Events.ToLookup(e => e.Kind);
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
        Must = new(this);
        var happenings = new Happenings(this);
        foreach (var e in story.Events) Later(e.At, () => happenings.Happen(e));
    }

    public Story Story { get; }

    /// <summary>When the story begins.</summary>
    public DateTimeOffset Start { get; }

    public DateTimeOffset Now { get; private set; }

    /// <summary>The time by Temporal's clock: the cycle's own.</summary>
    public DateTimeOffset TemporalNow => Now + Skew;

    /// <summary>How far Temporal's clock is ahead.</summary>
    public TimeSpan Skew => Holding(ChaosEvent.TemporalSkew).Aggregate(TimeSpan.Zero, (sum, e) => sum + e.By);

    /// <summary>The world's time, for code that asks a clock.</summary>
    public TimeProvider Clock { get; }

    public TimeProvider TemporalClock { get; }

    public Ec2Truth Ec2 { get; }

    public BucketTruth S3 { get; }

    public ShardFleet Fleet { get; }

    /// <summary>The bucket's plans.</summary>
    public PlanShelf Plans { get; } = new();

    /// <summary>What must hold.</summary>
    public Invariants Must { get; }

    public IEnumerable<Member> Members => Fleet.Members.Values;

    public HashSet<string> EndedByCollector { get; } = [];

    /// <summary>Machines whose termination the audit announced.</summary>
    public HashSet<string> Announced { get; } = [];

    /// <summary>nstance's server on the shared database; null: the hosts keep databases of their own.</summary>
    public ChaosNstance? Nstance { get; set; }

    public Violation? Violation { get; private set; }

    public string Step { get; set; } = "start";

    public bool Quiet { get; private set; }

    /// <summary>True: another process holds the lock of the shared file, and nothing can be written.</summary>
    public bool IsLocked { get; set; }

    public string Digest => $"{_digest:x16}";

    public TimeSpan Elapsed => Now - Start;

    public int Seed => Story.Setup.Seed;

    public TimeSpan Lag => Has(ChaosEvent.Lag) ? CloudLag : TimeSpan.Zero;

    public string Config => Has(ChaosEvent.BreakConfig)
        ? "{ \"cluster\": { \"id\": "
        : Story.Shard.Config(Story.Setup.Timings with
        {
            RegistrationTimeout = Story.Setup.Timings.RegistrationTimeout * (Has(ChaosEvent.Timeout) ? 2 : 1),
        });

    /// <summary>The time by the clock of nstance's server.</summary>
    public DateTimeOffset ServerNow =>
        Now + Story.Setup.ServerSkew + (Has(ChaosEvent.ServerClockAhead) ? ClockAhead : TimeSpan.Zero);

    public void Violate(string invariant, string what) => Violation ??= new Violation(invariant, Step, what);

    /// <summary>Adds to the digest: two runs of a story are the same when their traces are.</summary>
    public void Trace(string line) => _digest = Dice.Mix(_digest, line);

    public IEnumerable<StoryEvent> Holding(ChaosEvent kind) =>
        Quiet ? [] : _events[kind].Where(e => e.Holds(Elapsed));

    public bool Has(ChaosEvent kind) => Holding(kind).Any();

    /// <summary>True: such an event holds, or ended less than a time ago.</summary>
    public bool Held(ChaosEvent kind, TimeSpan after) =>
        _events[kind].Any(e => e.At <= Elapsed && Elapsed < e.At + e.For + after);

    public bool Strikes(ChaosEvent kind, string what, int count) =>
        Holding(kind).Any(e => Dice.Roll(Seed, e.Number, what, count) < e.Rate);

    /// <summary>Returns the machines in the states that the cloud showed at a time.</summary>
    public IEnumerable<Machine> Shown(DateTimeOffset at) =>
        Ec2.All().Select(m => Ec2.FindVisible(m.Id, at)).OfType<Machine>();

    public void SetTag(string providerId, string name, string value) => Ec2.Change(
        providerId, m => m with { Tags = new Dictionary<string, string>(m.Tags) { [name] = value } });

    /// <summary>Lets everything happen that is due until then, in order.</summary>
    public void Advance(DateTimeOffset to)
    {
        while (_due.TryPeek(out _, out var next) && next.At <= to)
        {
            if (next.At > Now) Now = next.At;
            _due.Dequeue()();
        }

        if (to > Now) Now = to;
        if (Now - _beat >= Story.Setup.Timings.HealthCheckInterval / 4) Heartbeat();
    }

    /// <summary>Lets something happen after a time.</summary>
    public void Later(TimeSpan after, Action action) => _due.Enqueue(action, (Now + after, _sequence++));

    /// <summary>Ends all faults: agents whose machine runs report again.</summary>
    public void CalmDown()
    {
        if (Quiet) return;
        Quiet = true;
        foreach (var member in Members) EndSilence(member);
    }

    /// <summary>
    /// Agents report to the leader. After an election each one does so within a health interval, not at once.
    /// </summary>
    public void Heartbeat()
    {
        if (Nstance is null || IsLocked || Has(ChaosEvent.LeaderDead)) return;
        _beat = Now;
        var interval = Story.Setup.Timings.HealthCheckInterval;
        var reporting = Members.Where(m => m is { RegisteredAt: not null, SilentSince: null } && IsRunning(m)
            && !(Now < Nstance.ElectedAt + (interval * Dice.Roll(Seed, m.Number, "first beat", 0))));
        Nstance.Server.File.Report(reporting.Select(m => (m.Id, ServerNow
            - (interval * (0.5 * Dice.Roll(Seed, m.Number, "beat", 0))))));
    }

    /// <summary>True: its agent reaches no server.</summary>
    public bool IsDown(Member member) => Has(ChaosEvent.LeaderDead)
        || Holding(ChaosEvent.AgentsDown).Any(e => Dice.Roll(Seed, e.Number, "down", member.Number) < e.Rate);

    public void EndSilence(Member member)
    {
        if (member.SilentSince is not null) member.ReportsSince = Now;
        member.SilentSince = null;
    }

    public bool IsRunning(Member member) => Fleet.MachineOf(member)?.State is MachineState.Running;

    private sealed class WorldClock(Func<DateTimeOffset> now) : TimeProvider
    {
        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => now();

        public override long GetTimestamp() => now().UtcTicks;
    }
}
