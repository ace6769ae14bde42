using Nstance.Temporal.Simulation.Fleet;
using Nstance.Temporal.Simulation.Nstance;
using static Nstance.Temporal.Simulation.Chaos.ChaosEvent;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>Makes the story of a seed. A seed's story depends on the order in which the dice are rolled.</summary>
internal sealed class StoryTeller
{
    private static readonly string[] Phases = ["sync", "collect", "collect", "collect", "health", "purge"];

    private readonly Random _random;
    private readonly Random _nstance;
    private readonly HostStory _hosts;
    private readonly List<StoryEvent> _events = [];
    private readonly StorySetup _setup;
    private int _members;

    private StoryTeller(int seed, TimeSpan? length)
    {
        _hosts = new HostStory(seed);
        _random = new Random(seed);
        // Dice of their own: the rest of a seed's story stays as it was before nstance acted.
        _nstance = new Random(~seed);
        _setup = new StorySetup(
            seed,
            Shared: Chance(60),
            Length: length ?? TimeSpan.FromHours(_random.Next(24, 43)),
            new ShardTimings
            {
                Interval = Minutes(20, 61),
                RegistrationTimeout = Minutes(5, 40),
                DeletedRecordRetention = Minutes(20, 120),
                HealthCheckInterval = Minutes(6, 21),
            },
            ServerSkew: TimeSpan.FromSeconds(_random.Next(-20, 21)),
            PageSize: _random.Next(2, 12))
        {
            Limits = _random.Next(3) switch { 0 => TerminationLimits.Off, 1 => new(), _ => WithRules() },
            Quarantine = Chance(25) ? Minutes(30, 180) : null,
            Generation = (NstanceGeneration)_nstance.Next(2),
            NstanceRegistrationTimeout = _nstance.Next(4) > 0
                ? FleetTimings.NstanceRegistrationTimeout : TimeSpan.FromMinutes(_nstance.Next(5, 40)),
        };
        if (_hosts.IsMixed() && _setup.Shared) _setup = _setup with { IsMixed = true };
    }

    /// <param name="seed">The same seed makes the same story.</param>
    /// <param name="length">Null: of the seed's choice, 24 to 42 hours.</param>
    public static Story Tell(int seed, TimeSpan? length = null)
    {
        var teller = new StoryTeller(seed, length);
        teller.Fleet();
        teller.Members();
        teller.Faults();
        teller.Strikes();
        teller.Operators();
        if (teller._setup.Shared) teller.Nstance();
        return Story.Of(teller._setup, teller._events.Concat(teller._hosts.Tell(teller._setup, teller._members)));
    }

    private void Fleet()
    {
        for (var n = _random.Next(8, 20); n > 0; n--) AddLaunch(Minutes(0, 30));
        var later = (int)(_setup.Length.TotalHours * (0.4 + (0.8 * _random.NextDouble())));
        for (var n = later; n > 0; n--) AddLaunch(Moment());
    }

    private void AddLaunch(TimeSpan at)
    {
        var scenario = _random.Next(100) switch
        {
            < 52 => Scenario.Registers,
            < 66 => Scenario.NeverRegisters,
            < 72 => Scenario.LostAnswer,
            < 77 => Scenario.LostAnswerRegisters,
            < 82 => Scenario.PreInsertOnly,
            < 88 => Scenario.Orphan,
            < 92 => Scenario.Untagged,
            < 97 => Scenario.Foreign,
            _ => Scenario.DuplicateId,
        };
        // Mostly soon; at times about when the timeout ends, or long after it.
        var timeout = _setup.Timings.RegistrationTimeout;
        var after = _random.Next(10) switch
        {
            < 6 => Seconds(40, 240),
            < 9 => timeout + Seconds(-150, 600),
            _ => timeout + Minutes(1, 120),
        };
        _events.Add(new(at, Launch)
        {
            Member = _members++,
            Scenario = scenario,
            For = after > TimeSpan.FromSeconds(40) ? after : TimeSpan.FromSeconds(40),
            After = _random.Next(8) == 0,
        });
    }

    private void Members()
    {
        for (var n = _random.Next(_members); n > 0; n--)
        {
            var kind = Pick(
                SilenceAgent, SilenceAgent, StopMachine, StopMachine, TerminateElsewhere, ProtectAtCloud, ProtectByTag,
                BeginDelete, Retire, CorruptRecord, CorruptRow);
            var lasts = kind switch
            {
                SilenceAgent when Chance(50) => Minutes(5, 300),
                StopMachine when Chance(50) => Minutes(2, 90),
                ProtectByTag when Chance(50) => Minutes(60, 1800),
                _ => TimeSpan.Zero,
            };
            _events.Add(new(Moment(), kind) { Member = _random.Next(_members), For = lasts });
        }

        for (var n = _random.Next(3); n > 0; n--) _events.Add(new(Moment(), StrangeObject));
    }

    private void Faults()
    {
        for (var n = _random.Next(4, 14); n > 0; n--)
        {
            var kind = Pick(
                Throttle, CloudError, CloudDenied, CutListing, ShortListing, Lag, Lag, DenyTermination, OmitTermination,
                BucketError, BucketRefusesDelete, BucketRefusesWrite, SinkDown, DiskFull, ServerClockAhead);
            _events.Add(new(Moment(), kind) { For = Minutes(5, 240), Rate = 0.1 + (0.9 * _random.NextDouble()) });
        }

        if (_random.Next(4) == 0) _events.Add(new(Moment(), DeleteDatabase));
    }

    private void Strikes()
    {
        for (var n = _random.Next(2, 9); n > 0; n--)
        {
            var kind = Pick(Crash, Crash, HostLost, Zombie, Zombie, SlowCall, SlowCall);
            _events.Add(new(Moment(), kind)
            {
                Phase = Phases[_random.Next(Phases.Length)],
                Call = _random.Next(1, 9),
                After = kind is Crash or HostLost && Chance(50),
                For = kind == SlowCall ? Seconds(5, 600) : TimeSpan.Zero,
                Rate = kind == Zombie ? _random.NextDouble() : 0,
            });
        }

        // A lock is waited for in real time: seldom.
        if (_random.Next(12) == 0)
            _events.Add(new(Moment(), DatabaseBusy) { Phase = Phases[_random.Next(Phases.Length)], Call = 1 });
    }

    private void Operators()
    {
        _events.Add(new(Minutes(0, 240), Enforce));
        for (var n = _random.Next(6); n > 0; n--)
        {
            var kind = Pick(
                Pause, DryRun, Limits, ChaosEvent.Timeout, BreakConfig,
                ChaosEvent.PartialPause, ChaosEvent.PartialPause, ChaosEvent.QuietHours);
            var isPartial = kind == ChaosEvent.PartialPause;
            var hasGroup = Chance(60);
            _events.Add(new(TimeSpan.FromMinutes((int)Moment().TotalMinutes), kind)
            {
                For = Minutes(20, 400),
                Group = isPartial && hasGroup ? AnyGroup() : null,
                Sweep = isPartial && (!hasGroup || Chance(50)) ? (Sweep)_random.Next(6) : null,
            });
        }

        for (var n = _random.Next(2, 9); n > 0; n--)
        {
            var at = Moment();
            _events.Add(new(at, Chance(75) ? Approve : Reject));
        }
    }

    private void Nstance()
    {
        for (var n = _nstance.Next(12); n > 0; n--)
            _events.Add(new(NstanceMoment(), NstanceCollects) { Member = _nstance.Next(_members) });
        for (var n = _nstance.Next(8); n > 0; n--)
        {
            var shrinks = _nstance.Next(5) == 0;
            _events.Add(new(NstanceMoment(), NstanceScales) { Member = _nstance.Next(_members), After = shrinks });
        }

        // At times nstance checks a stopped machine before the collector lists it, or while a plan waits.
        foreach (var stop in _events.Where(e => e.Kind == StopMachine && _nstance.Next(3) == 0).ToArray())
        {
            var at = stop.At + TimeSpan.FromMinutes(_nstance.Next(1, 60));
            _events.Add(new(at, NstanceCollects) { Member = stop.Member });
        }
    }

    private TimeSpan NstanceMoment() => TimeSpan.FromSeconds(_nstance.Next((int)_setup.Length.TotalSeconds));

    private TerminationLimits WithRules() => new()
    {
        Rules =
        [
            new(_random.Next(4), _random.Next(60)) { Group = AnyGroup() },
            new(_random.Next(4), _random.Next(60)) { Reason = (CollectReason)_random.Next(4), OfShard = Chance(50) },
        ],
    };

    private string AnyGroup() => $"{Story.Tenant}/{Story.Group(_random.Next(3))}";

    private ChaosEvent Pick(params ChaosEvent[] kinds) => kinds[_random.Next(kinds.Length)];

    private bool Chance(int percent) => _random.Next(100) < percent;

    private TimeSpan Minutes(int min, int below) => TimeSpan.FromMinutes(_random.Next(min, below));

    private TimeSpan Seconds(int min, int below) => TimeSpan.FromSeconds(_random.Next(min, below));

    private TimeSpan Moment() => Seconds(0, (int)_setup.Length.TotalSeconds);
}
