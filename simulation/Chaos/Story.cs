using Nstance.Temporal.Simulation.Fleet;
using Nstance.Temporal.Simulation.Nstance;
using static System.FormattableString;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>One event; what its kind does not need is left at zero.</summary>
internal sealed record StoryEvent(TimeSpan At, ChaosEvent Kind)
{
    /// <summary>Its place in the order in which the story was made. Chance depends on it.</summary>
    public int Number { get; init; }

    /// <summary>A member of the fleet, or a host.</summary>
    public int Member { get; init; }

    public Scenario Scenario { get; init; }

    public TimeSpan For { get; init; }

    public double Rate { get; init; }

    public string Phase { get; init; } = "";

    public int Call { get; init; }

    /// <summary>A second form of the event: <see cref="ChaosEvent"/> says which.</summary>
    public bool After { get; init; }

    /// <summary>The only group that an operator means; null: all.</summary>
    public string? Group { get; init; }

    /// <summary>The only sweep that an operator means; null: all.</summary>
    public Sweep? Sweep { get; init; }

    /// <summary>How far a clock is ahead, or how much longer a call takes.</summary>
    public TimeSpan By { get; init; }

    /// <summary>A column of a row.</summary>
    public string Column { get; init; } = "";

    public bool Holds(TimeSpan now) => At <= now && now < At + For;

    public override string ToString()
    {
        (bool IsSaid, FormattableString Text)[] parts =
        [
            (true, $"{At:d\\.hh\\:mm\\:ss} {Kind}"), (Kind <= ChaosEvent.CorruptRow, $"#{Member}"),
            (Kind == ChaosEvent.Launch, $"{Scenario}"), (Kind == ChaosEvent.HostWithoutEc2, $"host-{Member}"),
            (Phase.Length > 0, $"at call {Call} of {Phase}"), (Column.Length > 0, $"{Column}"),
            (Group is not null, $"{Group}"), (Sweep is not null, $"{Sweep}"), (By != TimeSpan.Zero, $"by {By}"),
            (For > TimeSpan.Zero, $"for {For}"), (Rate > 0, $"rate {Rate:0.00}"), (After, $"(after)"),
        ];
        return string.Join(' ', parts.Where(part => part.IsSaid).Select(part => Invariant(part.Text)));
    }
}

/// <summary>What holds for a whole story.</summary>
internal sealed record StorySetup(
    int Seed, bool Shared, TimeSpan Length, ShardTimings Timings, TimeSpan ServerSkew, int PageSize)
{
    public TerminationLimits Limits { get; init; } = TerminationLimits.Off;

    /// <summary>True: the second host has a file of its own; a leader there leads from beside the collector.</summary>
    public bool IsMixed { get; init; }

    public TimeSpan? Quarantine { get; init; }

    /// <summary>The generation of nstance that shares its database.</summary>
    public NstanceGeneration Generation { get; init; } = NstanceGeneration.V2;

    /// <summary>The age at which nstance's own collector terminates; default: as good as never.</summary>
    public TimeSpan NstanceRegistrationTimeout { get; init; } = FleetTimings.NstanceRegistrationTimeout;
}

/// <summary>One seed's history: everything that will happen, before anything has.</summary>
internal sealed record Story(StorySetup Setup, IReadOnlyList<StoryEvent> Events)
{
    public const string Tenant = "acme";

    public static readonly ShardRef Shard = new("prod-eu", "us-west-2a", "bucket");
    public static readonly DateTimeOffset Start = new(2026, 11, 23, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Numbers the events as they come, and puts them in order.</summary>
    public static Story Of(StorySetup setup, IEnumerable<StoryEvent> events) => new(
        setup, [.. events.Select((e, n) => e with { Number = n + 1 }).OrderBy(e => e.At).ThenBy(e => e.Number)]);

    public static string Group(int member) => $"group-{member % 3}";
}
