using Nstance.Temporal.Simulation.Nstance;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>Makes the story of a seed.</summary>
internal sealed class StoryTeller
{
    private static readonly string[] Phases = ["sync", "collect", "collect", "collect", "health", "purge"];

    private readonly Random _random;
    private readonly Random _nstance;
    private readonly List<StoryEvent> _events = [];
    private readonly StorySetup _setup;
    private int _members;

    private StoryTeller(int seed, TimeSpan? length)
    {
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
                ? TimeSpan.FromHours(8760) : TimeSpan.FromMinutes(_nstance.Next(5, 40)),
        };
    }

    /// <param name="seed">The same seed tells the same story.</param>
    /// <param name="length">Null: of the seed's choice, 24 to 42 hours.</param>
    public static Story Tell(int seed, TimeSpan? length = null)
    {
        var teller = new StoryTeller(seed, length);
        teller.Fleet();
        teller.Fates();
        teller.Faults();
        teller.Strikes();
        teller.Operators();
        if (teller._setup.Shared) teller.Nstance();
        return new Story(teller._setup, [.. teller._events.OrderBy(e => e.At).ThenBy(e => e.Number)]);
    }

    private void Fleet()
    {
        for (var n = _random.Next(8, 20); n > 0; n--) Launch(Minutes(0, 30));
        for (var n = (int)(_setup.Length.TotalHours * (0.4 + (0.8 * _random.NextDouble()))); n > 0; n--) Launch(Moment());
    }

    private void Launch(TimeSpan at)
    {
        var lot = _random.Next(100) switch
        {
            < 52 => Lot.Registers,
            < 66 => Lot.NeverRegisters,
            < 72 => Lot.LostAnswer,
            < 77 => Lot.LostAnswerRegisters,
            < 82 => Lot.PreInsertOnly,
            < 88 => Lot.Orphan,
            < 92 => Lot.Untagged,
            < 97 => Lot.Foreign,
            _ => Lot.Twin,
        };
        // Mostly soon; at times about when the timeout ends, or long after it.
        var timeout = _setup.Timings.RegistrationTimeout;
        var after = _random.Next(10) switch
        {
            < 6 => TimeSpan.FromSeconds(_random.Next(40, 240)),
            < 9 => timeout + TimeSpan.FromSeconds(_random.Next(-150, 600)),
            _ => timeout + Minutes(1, 120),
        };
        Add(new(0, at, Deed.Launch)
        {
            Member = _members++,
            Lot = lot,
            For = after > TimeSpan.FromSeconds(40) ? after : TimeSpan.FromSeconds(40),
            After = _random.Next(8) == 0,
        });
    }

    private void Fates()
    {
        for (var n = _random.Next(_members); n > 0; n--)
        {
            var deed = Pick(
                Deed.Silence, Deed.Silence, Deed.Stop, Deed.Stop, Deed.Vanish, Deed.ApiProtect, Deed.TagProtect,
                Deed.ServerDelete, Deed.Retire, Deed.RotRecord, Deed.RotRow);
            var lasts = deed switch
            {
                Deed.Silence when Chance(50) => Minutes(5, 300),
                Deed.Stop when Chance(50) => Minutes(2, 90),
                Deed.TagProtect when Chance(50) => Minutes(60, 1800),
                _ => TimeSpan.Zero,
            };
            Add(new(0, Moment(), deed) { Member = _random.Next(_members), For = lasts });
        }

        for (var n = _random.Next(3); n > 0; n--) Add(new(0, Moment(), Deed.StrangeObject));
    }

    private void Faults()
    {
        for (var n = _random.Next(4, 14); n > 0; n--)
        {
            var deed = Pick(
                Deed.Throttle, Deed.CloudError, Deed.CloudDenied, Deed.CutListing, Deed.ShortListing, Deed.Lag, Deed.Lag, Deed.RefusedEnd,
                Deed.LeftOutEnd, Deed.BucketError, Deed.BucketRefusesDelete, Deed.BucketRefusesWrite, Deed.SinkDown, Deed.DiskFull,
                Deed.ServerClockAhead);
            Add(new(0, Moment(), deed) { For = Minutes(5, 240), Rate = 0.1 + (0.9 * _random.NextDouble()) });
        }

        if (_random.Next(4) == 0) Add(new(0, Moment(), Deed.DeleteDatabase));
    }

    private void Strikes()
    {
        for (var n = _random.Next(2, 9); n > 0; n--)
        {
            var deed = Pick(Deed.Crash, Deed.Crash, Deed.HostLost, Deed.Zombie, Deed.Zombie, Deed.SlowCall, Deed.SlowCall);
            Add(new(0, Moment(), deed)
            {
                Phase = Phases[_random.Next(Phases.Length)],
                Call = _random.Next(1, 9),
                After = deed is Deed.Crash or Deed.HostLost && Chance(50),
                For = deed == Deed.SlowCall ? TimeSpan.FromSeconds(_random.Next(5, 600)) : TimeSpan.Zero,
                Rate = deed == Deed.Zombie ? _random.NextDouble() : 0,
            });
        }

        // A lock is waited for in real time: seldom.
        if (_random.Next(12) == 0) Add(new(0, Moment(), Deed.DatabaseBusy) { Phase = Phases[_random.Next(Phases.Length)], Call = 1 });
    }

    private void Operators()
    {
        Add(new(0, Minutes(0, 240), Deed.Enforce));
        for (var n = _random.Next(6); n > 0; n--)
        {
            var deed = Pick(Deed.Pause, Deed.DryRun, Deed.Limits, Deed.Timeout, Deed.BreakConfig, Deed.Hold, Deed.Hold, Deed.Window);
            var hasGroup = Chance(60);
            Add(new(0, TimeSpan.FromMinutes((int)Moment().TotalMinutes), deed)
            {
                For = Minutes(20, 400),
                Group = deed == Deed.Hold && hasGroup ? $"{Story.Tenant}/{Story.Group(_random.Next(3))}" : null,
                Sweep = deed == Deed.Hold && (!hasGroup || Chance(50)) ? (Sweep)_random.Next(6) : null,
            });
        }

        for (var n = _random.Next(2, 9); n > 0; n--) Add(new(0, Moment(), Chance(75) ? Deed.Approve : Deed.Reject));
    }

    private void Nstance()
    {
        for (var n = _nstance.Next(12); n > 0; n--)
            Add(new(0, NstanceMoment(), Deed.NstanceCollects) { Member = _nstance.Next(_members) });
        for (var n = _nstance.Next(8); n > 0; n--)
        {
            var shrinks = _nstance.Next(5) == 0;
            Add(new(0, NstanceMoment(), Deed.NstanceScales) { Member = _nstance.Next(_members), After = shrinks });
        }

        // At times nstance checks a stopped machine before the collector lists it, or while a plan waits.
        foreach (var stop in _events.Where(e => e.Deed == Deed.Stop && _nstance.Next(3) == 0).ToArray())
        {
            var at = stop.At + TimeSpan.FromMinutes(_nstance.Next(1, 60));
            Add(new(0, at, Deed.NstanceCollects) { Member = stop.Member });
        }
    }

    private TimeSpan NstanceMoment() => TimeSpan.FromSeconds(_nstance.Next((int)_setup.Length.TotalSeconds));

    private TerminationLimits WithRules() => new()
    {
        Rules =
        [
            new(_random.Next(4), _random.Next(60)) { Group = $"{Story.Tenant}/{Story.Group(_random.Next(3))}" },
            new(_random.Next(4), _random.Next(60)) { Reason = (CollectReason)_random.Next(4), OfShard = Chance(50) },
        ],
    };

    private Deed Pick(params Deed[] deeds) => deeds[_random.Next(deeds.Length)];

    private bool Chance(int percent) => _random.Next(100) < percent;

    private TimeSpan Minutes(int least, int below) => TimeSpan.FromMinutes(_random.Next(least, below));

    private TimeSpan Moment() => TimeSpan.FromSeconds(_random.Next(0, (int)_setup.Length.TotalSeconds));

    private void Add(StoryEvent e) => _events.Add(e with { Number = _events.Count + 1 });
}
