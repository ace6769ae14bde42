using Nstance.Temporal.Workflows.Contracts;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>Makes the story of a seed.</summary>
internal sealed class StoryTeller
{
    private static readonly string[] Phases = ["sync", "collect", "health", "purge"];

    private readonly Random _random;
    private readonly List<StoryEvent> _events = [];
    private readonly StorySetup _setup;
    private int _members;

    private StoryTeller(int seed, TimeSpan? length)
    {
        _random = new Random(seed);
        var interval = TimeSpan.FromMinutes(_random.Next(10, 31));
        var health = TimeSpan.FromMinutes(_random.Next(4, 12));
        _setup = new StorySetup(
            seed,
            Shared: _random.NextDouble() < 0.6,
            Length: length ?? TimeSpan.FromHours(_random.Next(24, 60)),
            new ShardTimings
            {
                Interval = interval,
                RegistrationTimeout = TimeSpan.FromMinutes(_random.Next(5, 40)),
                DeletedRecordRetention = TimeSpan.FromMinutes(_random.Next(20, 120)),
                HealthCheckInterval = health,
            },
            ServerSkew: TimeSpan.FromSeconds(_random.Next(-20, 21)),
            PageSize: _random.Next(2, 12));
    }

    /// <param name="seed">The same seed tells the same story.</param>
    /// <param name="length">Null: of the seed's choice, one to two and a half days.</param>
    public static Story Tell(int seed, TimeSpan? length = null)
    {
        var teller = new StoryTeller(seed, length);
        teller.Fleet();
        teller.Fates();
        teller.Faults();
        teller.Operators();
        return new Story(teller._setup, [.. teller._events.OrderBy(e => e.At).ThenBy(e => e.Number)]);
    }

    private void Fleet()
    {
        for (var n = _random.Next(8, 20); n > 0; n--) Launch(TimeSpan.FromMinutes(_random.Next(0, 30)));
        for (var n = (int)(_setup.Length.TotalHours * (0.5 + _random.NextDouble())); n > 0; n--) Launch(Moment());
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
            _ => timeout + TimeSpan.FromMinutes(_random.Next(1, 120)),
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
                Deed.ServerDelete, Deed.RotRecord, Deed.RotRow);
            var lasts = deed switch
            {
                Deed.Silence when _random.Next(2) == 0 => TimeSpan.FromMinutes(_random.Next(5, 300)),
                Deed.TagProtect when _random.Next(2) == 0 => TimeSpan.FromHours(_random.Next(1, 30)),
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
                Deed.LeftOutEnd, Deed.BucketError, Deed.BucketRefusesDelete, Deed.BucketRefusesWrite, Deed.SinkDown, Deed.DiskFull);
            Add(new(0, Moment(), deed)
            {
                For = TimeSpan.FromMinutes(_random.Next(5, 240)),
                Rate = 0.1 + (0.9 * _random.NextDouble()),
            });
        }

        for (var n = _random.Next(2, 9); n > 0; n--)
        {
            var deed = Pick(Deed.Crash, Deed.Crash, Deed.HostLost, Deed.SlowCall, Deed.SlowCall);
            Add(new(0, Moment(), deed)
            {
                Phase = Phases[_random.Next(Phases.Length)],
                Call = _random.Next(1, 7),
                After = _random.Next(2) == 0,
                For = deed == Deed.SlowCall ? TimeSpan.FromSeconds(_random.Next(5, 600)) : TimeSpan.Zero,
            });
        }

        if (_random.Next(4) == 0) Add(new(0, Moment(), Deed.DeleteDatabase));
    }

    private void Operators()
    {
        for (var n = _random.Next(4); n > 0; n--)
        {
            Add(new(0, Moment(), Pick(Deed.Pause, Deed.DryRun, Deed.Limits, Deed.Timeout, Deed.BreakConfig))
            {
                For = TimeSpan.FromMinutes(_random.Next(20, 400)),
                Rate = _random.NextDouble(),
            });
        }
    }

    private Deed Pick(params Deed[] deeds) => deeds[_random.Next(deeds.Length)];

    private TimeSpan Moment() => TimeSpan.FromSeconds(_random.Next(0, (int)_setup.Length.TotalSeconds));

    private void Add(StoryEvent e) => _events.Add(e with { Number = _events.Count + 1 });
}
