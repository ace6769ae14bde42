using System.Text;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Simulation.Fleet;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>The first thing that must not be, and when it was.</summary>
internal sealed record Violation(string Invariant, string Step, string What);

/// <summary>The world of a story: machines, bucket, agents, the server's own rows; its time moves only when told.</summary>
internal sealed class ChaosWorld(Story story, DateTimeOffset? start = null)
{
    /// <summary>Every secret of the simulation contains it: whatever the collector says must not.</summary>
    public const string SecretMark = "jwt-must-stay-secret";

    /// <summary>How far a server's clock is ahead when it is wrong.</summary>
    public static readonly TimeSpan ClockAhead = TimeSpan.FromHours(5);

    private readonly DateTimeOffset _start = start ?? Story.Start;
    private readonly ILookup<Deed, StoryEvent> _lasting = story.Events.Where(e => e.Deed > Deed.RotRow).ToLookup(e => e.Deed);
    private readonly PriorityQueue<Action, (DateTimeOffset, int)> _timers = new();
    private int _next;
    private int _sequence;
    private ulong _digest = 14695981039346656037UL;

    public Story Story { get; } = story;

    public DateTimeOffset Now { get; private set; } = start ?? Story.Start;

    public SortedDictionary<int, ChaosMember> Members { get; } = [];

    public Dictionary<string, ChaosMachine> Machines { get; } = [];

    /// <summary>Machines that carry an id which another carries too: for a person to look at.</summary>
    public HashSet<string> Twins { get; } = [];

    public SortedDictionary<string, (string Body, int Version)> Bucket { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, DateTimeOffset> EndedByCollector { get; } = [];

    /// <summary>Machines whose end the audit announced.</summary>
    public HashSet<string> Announced { get; } = [];

    /// <summary>nstance's server on the shared database; null: the hosts keep databases of their own.</summary>
    public ChaosNstance? Nstance { get; set; }

    public Violation? Violation { get; private set; }

    public string Step { get; set; } = "start";

    public bool Quiet { get; private set; }

    public string Digest => $"{_digest:x16}";

    /// <summary>The world's time, for code that asks a clock.</summary>
    public TimeProvider Clock => new WorldClock(this);

    public TimeSpan Elapsed => Now - _start;

    public int Seed => Story.Setup.Seed;

    public void Violate(string invariant, string what) => Violation ??= new Violation(invariant, Step, what);

    /// <summary>Two runs of a story are the same when their traces are.</summary>
    public void Trace(string line)
    {
        foreach (var c in line) _digest = (_digest ^ c) * 1099511628211UL;
    }

    public IEnumerable<StoryEvent> Holding(Deed deed) =>
        Quiet ? [] : _lasting[deed].Where(e => e.Holds(Elapsed));

    public bool Strikes(Deed deed, string what, int count) =>
        Holding(deed).Any(e => Dice.Roll(Seed, e.Number, what, count) < e.Rate);

    public TimeSpan Lag => Holding(Deed.Lag).Any() ? TimeSpan.FromSeconds(45) : TimeSpan.Zero;

    public TimeSpan RegistrationTimeout => Holding(Deed.Timeout).Any()
        ? Story.Setup.Timings.RegistrationTimeout * 2 : Story.Setup.Timings.RegistrationTimeout;

    public string Config => Holding(Deed.BreakConfig).Any() ? "{ \"cluster\": { \"id\": " : $$"""
        { // as nstance writes it
          "cluster": { "id": "{{Story.Shard.Cluster}}" },
          "shard": { "id": "{{Story.Shard.Shard}}", "infra": { "provider": "aws" },
            "health_check_interval": "{{GoDuration.Format(Story.Setup.Timings.HealthCheckInterval)}}",
            "garbage_collection": { "interval": "{{GoDuration.Format(Story.Setup.Timings.Interval)}}",
              "registration_timeout": "{{GoDuration.Format(RegistrationTimeout)}}",
              "deleted_record_retention": "{{GoDuration.Format(Story.Setup.Timings.DeletedRecordRetention)}}", }, }, }
        """;

    public void Put(string key, string body) => Bucket[key] = (body, ++_sequence);

    /// <summary>Lets everything happen that is due until then, in order.</summary>
    public void Advance(DateTimeOffset to)
    {
        while (true)
        {
            var eventAt = _next < Story.Events.Count ? _start + Story.Events[_next].At : DateTimeOffset.MaxValue;
            var timerAt = _timers.TryPeek(out _, out var due) ? due.Item1 : DateTimeOffset.MaxValue;
            if (eventAt > to && timerAt > to) break;
            if (eventAt <= timerAt)
            {
                Now = Max(Now, eventAt);
                Happen(Story.Events[_next++]);
            }
            else
            {
                Now = Max(Now, timerAt);
                _timers.Dequeue()();
            }
        }

        Now = Max(Now, to);
    }

    /// <summary>The time by the clock of nstance's server.</summary>
    public DateTimeOffset ServerNow =>
        Now + Story.Setup.ServerSkew + (Holding(Deed.ServerClockAhead).Any() ? ClockAhead : TimeSpan.Zero);

    /// <summary>Faults are over: nothing of the story holds any more, and agents whose machine runs report again.</summary>
    public void CalmDown()
    {
        if (Quiet) return;
        Quiet = true;
        foreach (var member in Members.Values) member.SilentSince = null;
    }

    /// <summary>Agents that report now.</summary>
    public IEnumerable<ChaosMember> Reporting() => Members.Values.Where(m =>
        m.RegisteredAt is not null && m.SilentSince is null && m.Machine?.StateAt(Now) == "running");

    public void Heartbeat() => Nstance?.Report(Reporting(), m =>
        ServerNow - (Story.Setup.Timings.HealthCheckInterval * (0.5 * Dice.Roll(Seed, m.Number, "beat", 0))));

    private static DateTimeOffset Max(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;

    private void Later(TimeSpan after, Action action) => _timers.Enqueue(action, (Now + after, _sequence++));

    private void Happen(StoryEvent e)
    {
        if (e.Deed == Deed.Launch)
        {
            Launch(e);
            return;
        }

        if (e.Deed == Deed.StrangeObject)
        {
            Put($"shard/{Story.Shard.Shard}/instance/..\n{e.Number}\u0001.json", "{");
            return;
        }

        if (e.Deed == Deed.NstanceCollects) Nstance?.Collect(Members.GetValueOrDefault(e.Member));
        if (e.Deed == Deed.NstanceScales) Nstance?.Scale(e.After ? Story.Group(e.Member) : null);
        if (e.Deed > Deed.RotRow || !Members.TryGetValue(e.Member, out var member)) return;
        switch (e.Deed)
        {
            case Deed.Silence when member.RegisteredAt is not null:
                member.SilentSince ??= Now;
                if (e.For > TimeSpan.Zero) Later(e.For, () => member.SilentSince = null);
                break;
            case Deed.Stop:
                member.Machine?.Stop(Now);
                if (e.For > TimeSpan.Zero) Later(e.For, () => member.Machine?.Start(Now));
                break;
            case Deed.Retire when member.Machine is { } machine && !member.CloudOnly:
                machine.Terminate(Now);
                Bucket.Remove(member.Key);
                Nstance?.MarkDeleted(member);
                break;
            case Deed.Vanish:
                member.Machine?.Terminate(Now);
                break;
            case Deed.ApiProtect when member.Machine is { } machine:
                machine.ApiProtected = true;
                break;
            case Deed.TagProtect when member.Machine is { } machine:
                machine.Tags["nstance:gc-protect"] = e.For == TimeSpan.Zero ? "true" : $"{Now + e.For:yyyy-MM-ddTHH:mm:ssZ}";
                break;
            case Deed.ServerDelete when Bucket.ContainsKey(member.Key) && !member.RecordRotten:
                member.ServerDeletes = true;
                Put(member.Key, member.Record(withProvider: true));
                break;
            case Deed.RotRecord when Bucket.ContainsKey(member.Key):
                member.RecordRotten = true;
                Put(member.Key, "{ \"instance_id\": 7, \"registration_jwt\": \"" + SecretMark + "\", ");
                break;
            case Deed.RotRow:
                member.RowRotten = true;
                Nstance?.Rot(member);
                break;
        }
    }

    private void Launch(StoryEvent e)
    {
        var id = MemberId.New(new Random((Seed * 1000) + e.Member), "knc", Now);
        var member = Members[e.Member] = new ChaosMember(e.Member, e.Lot, id, Now + Story.Setup.ServerSkew);
        if (!member.CloudOnly)
        {
            Nstance?.Insert(member);
            Put(member.Key, member.Record(withProvider: false));
        }

        if (e.Lot == Lot.PreInsertOnly) return;
        var machine = member.Machine = Machine(member, e.Lot, $"i-{e.Member:x16}");
        if (e.Lot == Lot.Twin)
        {
            var twin = Machine(member, e.Lot, $"i-f{e.Member:x15}");
            Twins.UnionWith([machine.ProviderId, twin.ProviderId]);
        }

        var answered = !member.CloudOnly && e.Lot is not (Lot.LostAnswer or Lot.LostAnswerRegisters);
        if (answered)
        {
            Put(member.Key, member.Record(withProvider: true));
            Nstance?.SetProvider(member);
        }

        if (e.Lot is not (Lot.Registers or Lot.LostAnswerRegisters or Lot.Twin)) return;
        Later(e.For, () => Register(member, answered));
        if (e.After) Later(e.For + TimeSpan.FromMinutes(3), () => Register(member, answered));
    }

    private ChaosMachine Machine(ChaosMember member, Lot lot, string providerId)
    {
        var machine = Machines[providerId] = new ChaosMachine(providerId, member.Number % 2 == 0 ? "a" : "b", Now);
        machine.Tags["nstance:managed"] = "true";
        machine.Tags["nstance:cluster-id"] = lot == Lot.Foreign && member.Number % 2 == 0 ? "other" : Story.Shard.Cluster;
        machine.Tags["nstance:shard"] = lot == Lot.Foreign && member.Number % 2 == 1 ? "us-west-2b" : Story.Shard.Shard;
        machine.Tags["nstance:group"] = member.Group;
        if (lot != Lot.Untagged) machine.Tags["nstance:instance-id"] = member.Id;
        return machine;
    }

    /// <summary>Record, then row. While the bucket refuses, the server tries again; an ended agent registers no more.</summary>
    private void Register(ChaosMember member, bool withProvider)
    {
        if (member.Machine?.StateAt(Now) != "running" || member.RecordRotten || !Bucket.ContainsKey(member.Key)) return;
        if (Strikes(Deed.BucketRefusesWrite, member.Key, (int)Elapsed.TotalMinutes))
        {
            Later(TimeSpan.FromMinutes(1), () => Register(member, withProvider));
            return;
        }

        member.RegisteredAt ??= Now;
        Put(member.Key, member.Record(withProvider));
        Nstance?.Register(member);
        Trace(Encoding.UTF8.GetByteCount(member.Key) + member.Id);
    }

    private sealed class WorldClock(ChaosWorld world) : TimeProvider
    {
        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => world.Now;

        public override long GetTimestamp() => world.Now.UtcTicks;
    }
}
