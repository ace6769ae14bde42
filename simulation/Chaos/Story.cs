using System.Globalization;
using Nstance.Temporal.Simulation.Fleet;
using Nstance.Temporal.Simulation.Nstance;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>One event; what its kind does not need is left at zero.</summary>
internal sealed record StoryEvent(int Number, TimeSpan At, ChaosEvent Kind)
{
    public int Member { get; init; }

    public Scenario Scenario { get; init; }

    public TimeSpan For { get; init; }

    public double Rate { get; init; }

    public string Phase { get; init; } = "";

    public int Call { get; init; }

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
        var text = string.Create(CultureInfo.InvariantCulture, $"{At:d\\.hh\\:mm\\:ss} {Kind}");
        if (Kind == ChaosEvent.Launch)
            return text + $" #{Member} {Scenario}, registers after {For}{(After ? ", twice" : "")}";
        if (Kind == ChaosEvent.NstanceScales) return text + (After ? $", {Story.Group(Member)} by one less" : "");
        if (Kind <= ChaosEvent.CorruptRow) text += $" #{Member}";
        if (Kind == ChaosEvent.HostWithoutEc2) text += $" host-{Member}";
        if (Kind == ChaosEvent.LeaderDead && After) text += ", leader.json is missing";
        if (Column.Length > 0) text += $", {Column}";
        if (By != TimeSpan.Zero) text += $" by {By}";
        if (Phase.Length > 0) text += $" at call {Call} of {Phase}{(After ? ", after it took effect" : "")}";
        if (Group is not null || Sweep is not null)
            text += $" {Group ?? "every group"}, {Sweep?.ToString() ?? "every sweep"}";
        if (For > TimeSpan.Zero) text += $" for {For}";
        return Rate > 0 ? text + string.Create(CultureInfo.InvariantCulture, $", rate {Rate:0.00}") : text;
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

    public IEnumerable<string> Lines => Events.Select(e => e.ToString())
        .Prepend($"{(Setup.Shared ? $"{Setup.Generation} of nstance, shared" : "own")} database"
            + $"{(Setup.IsMixed ? " on host-0 alone" : "")}, "
            + $"{Setup.Length.TotalDays:0.#} days, a cycle each {Setup.Timings.Interval}, "
            + $"registration timeout {Setup.Timings.RegistrationTimeout}, "
            + $"retention {Setup.Timings.DeletedRecordRetention}, health {Setup.Timings.HealthCheckInterval}, "
            + $"the server's clock {Setup.ServerSkew.TotalSeconds:+0;-0;0} s, "
            + $"{(Setup.Limits.Enabled ? $"limits with {Setup.Limits.Rules?.Count ?? 0} rules" : "no limits")}"
            + (Setup.Quarantine is { } wait ? $", quarantine {wait}" : ""));

    public static string Group(int member) => $"group-{member % 3}";
}
