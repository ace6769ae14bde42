using static Nstance.Temporal.Simulation.Chaos.ChaosEvent;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>
/// Makes the part of a story that is about hosts, clocks and nstance's servers. Dice of its own: the rest of a seed's
/// story stays as it was before there was such a part.
/// </summary>
internal sealed class HostStory(int seed)
{
    private static readonly string[] Times = ["health_at", "registered_at", "issued_at", "created_at", "deleted_at"];

    private static readonly ChaosEvent[] OfAll = [TemporalSkew, HostWithoutEc2, SlowCloud, AgentsDown];

    private static readonly ChaosEvent[] OfShared =
        [.. OfAll, AgentsDown, Elect, Elect, MoveLeader, MoveLeader, LeaderDead, FutureRow, FutureRow];

    private static readonly ChaosEvent[] OfOwn = [.. OfAll, DamageDatabase];

    private static readonly ChaosEvent[] OfMixed = [.. OfShared, DamageDatabase, MoveLeader];

    private readonly Random _random = new(seed ^ 0x5eed);

    /// <summary>Decides whether the second host has a file of its own.</summary>
    public bool IsMixed() => _random.Next(4) == 0;

    public IEnumerable<StoryEvent> Tell(StorySetup setup, int members)
    {
        var kinds = setup.IsMixed ? OfMixed : setup.Shared ? OfShared : OfOwn;
        for (var n = _random.Next(5); n > 0; n--)
        {
            var kind = kinds[_random.Next(kinds.Length)];
            var at = TimeSpan.FromSeconds(_random.Next((int)setup.Length.TotalSeconds));
            // Long enough for a shard that stays there to be noticed.
            var lasts = TimeSpan.FromMinutes(_random.Next(20, 300)) * (kind == HostWithoutEc2 ? 3 : 1);
            var left = setup.Length - at;
            var e = new StoryEvent(at, kind)
            {
                For = kind is Elect or MoveLeader or DamageDatabase ? TimeSpan.Zero : lasts < left ? lasts : left,
                Member = kind == FutureRow ? _random.Next(members) : _random.Next(ChaosHosts.Count),
            };
            yield return kind switch
            {
                AgentsDown => e with { Rate = _random.Next(2) == 0 ? 0.5 : 1 },
                LeaderDead => e with { After = _random.Next(2) == 0 },
                FutureRow => e with { Column = Times[_random.Next(Times.Length)] },
                SlowCloud => e with { By = setup.Timings.Interval * (0.8 + (2 * _random.NextDouble())) },
                TemporalSkew => e with { By = Skew() },
                _ => e,
            };
        }
    }

    /// <summary>Mostly some minutes, at times hours, ahead or behind.</summary>
    private TimeSpan Skew()
    {
        var seconds = _random.Next(5) == 0 ? _random.Next(3600, 6 * 3600) : _random.Next(10, 2400);
        return TimeSpan.FromSeconds(_random.Next(2) == 0 ? seconds : -seconds);
    }
}
