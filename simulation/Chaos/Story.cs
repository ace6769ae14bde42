using System.Globalization;
using Nstance.Temporal.Workflows.Contracts;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>What happens at a moment of a story, or for a while.</summary>
internal enum Deed
{
    /// <summary>nstance makes an instance; <see cref="StoryEvent.Lot"/> says what becomes of it.</summary>
    Launch,

    /// <summary>Its agent stops reporting; after <see cref="StoryEvent.For"/> it reports again (zero: never).</summary>
    Silence,

    /// <summary>Somebody stops the machine at the cloud.</summary>
    Stop,

    /// <summary>Somebody else ends the machine.</summary>
    Vanish,

    /// <summary>Termination protection is switched on at the cloud.</summary>
    ApiProtect,

    /// <summary>The tag nstance:gc-protect is set; <see cref="StoryEvent.For"/> zero: without end.</summary>
    TagProtect,

    /// <summary>nstance's server begins to delete it: the record says so, and nothing more happens.</summary>
    ServerDelete,

    /// <summary>Its record is overwritten with what is no record.</summary>
    RotRecord,

    /// <summary>Its row's provider_state is overwritten with what is no JSON.</summary>
    RotRow,

    /// <summary>An object that is no record appears beside the records.</summary>
    StrangeObject,

    // Faults, each for a while.
    Throttle,
    CloudError,
    CloudDenied,
    CutListing,
    ShortListing,
    Lag,
    RefusedEnd,
    LeftOutEnd,
    BucketError,
    BucketRefusesDelete,
    BucketRefusesWrite,
    SinkDown,
    DiskFull,

    /// <summary>The host dies at a call of a phase, before or after the call took effect, and starts again.</summary>
    Crash,

    /// <summary>The host dies likewise, and another takes over.</summary>
    HostLost,

    /// <summary>The database's file is deleted between two cycles.</summary>
    DeleteDatabase,

    /// <summary>Time passes within a call: the world moves on between a listing and the look that follows it.</summary>
    SlowCall,

    // Operators.
    Pause,
    DryRun,
    Limits,
    Timeout,
    BreakConfig,
}

/// <summary>What nstance's instances meet with.</summary>
internal enum Lot
{
    Registers,
    NeverRegisters,
    LostAnswer,
    LostAnswerRegisters,
    PreInsertOnly,
    Orphan,
    Untagged,
    Foreign,
    Twin,
}

/// <summary>One event; what its deed does not need is left at zero.</summary>
internal sealed record StoryEvent(int Number, TimeSpan At, Deed Deed)
{
    public int Member { get; init; }

    public Lot Lot { get; init; }

    public TimeSpan For { get; init; }

    public double Rate { get; init; }

    public string Phase { get; init; } = "";

    public int Call { get; init; }

    public bool After { get; init; }

    public bool Holds(TimeSpan now) => At <= now && now < At + For;

    public override string ToString()
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{At:d\\.hh\\:mm\\:ss} {Deed}");
        if (Deed == Deed.Launch) text += $" #{Member} {Lot}, registers after {For}" + (After ? ", twice" : "");
        else if (Deed <= Deed.RotRow) text += $" #{Member}" + (For > TimeSpan.Zero ? $" for {For}" : "");
        else if (Phase.Length > 0) text += $" at call {Call} of {Phase}{(After ? ", after it took effect" : "")}{(For > TimeSpan.Zero ? $" for {For}" : "")}";
        else text += $" for {For}" + (Rate > 0 ? $", rate {Rate:0.00}" : "");
        return text;
    }
}

/// <summary>What holds for a whole story.</summary>
internal sealed record StorySetup(int Seed, bool Shared, TimeSpan Length, ShardTimings Timings, TimeSpan ServerSkew, int PageSize);

/// <summary>One seed's history: everything that will happen, before anything has.</summary>
internal sealed record Story(StorySetup Setup, IReadOnlyList<StoryEvent> Events)
{
    public static readonly ShardRef Shard = new("prod-eu", "us-west-2a", "bucket");
    public static readonly DateTimeOffset Start = new(2026, 11, 23, 0, 0, 0, TimeSpan.Zero);

    public IEnumerable<string> Lines => Events.Select(e => e.ToString())
        .Prepend($"{(Setup.Shared ? "shared" : "own")} database, {Setup.Length.TotalDays:0.#} days, a cycle each {Setup.Timings.Interval}, "
            + $"registration timeout {Setup.Timings.RegistrationTimeout}, retention {Setup.Timings.DeletedRecordRetention}, "
            + $"health {Setup.Timings.HealthCheckInterval}, the server's clock {Setup.ServerSkew.TotalSeconds:+0;-0;0} s");
}
