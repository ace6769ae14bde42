namespace Nstance.Temporal.Workflows.Contracts;

/// <summary>What can be paused on its own.</summary>
public enum Sweep
{
    /// <summary>Terminating unhealthy instances.</summary>
    Unhealthy,

    /// <summary>Terminating instances that never registered.</summary>
    Dangling,

    /// <summary>Terminating instances that only the cloud knows.</summary>
    Orphan,

    /// <summary>Terminating instances whose row is marked as deleted.</summary>
    DeletedButRunning,

    /// <summary>Removing rows from before a cloud call.</summary>
    StalePreInsert,

    /// <summary>Removing rows whose machine is lost.</summary>
    MachineLost,

    /// <summary>Sending instances that do not report to the reconciler.</summary>
    Health,

    /// <summary>Deleting records and rows past the retention.</summary>
    Purge,
}

/// <summary>
/// A part of the shard that is paused: a group, a sweep, or a sweep in a group; at least one of the two is set.
/// </summary>
public sealed record PartialPause
{
    /// <summary><c>tenant/group</c>; null: every group.</summary>
    public string? Group { get; init; }

    /// <summary>Null: every sweep.</summary>
    public Sweep? Sweep { get; init; }

    /// <summary>Why, in the operator's words.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Since when.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>When it ends by itself; null: only by <c>Resume</c>.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Who, if said.</summary>
    public string? By { get; init; }
}

/// <summary>
/// Hours in which no sweep begins, by the cycle's time. Quiet hours whose <see cref="To"/> is not after its
/// <see cref="From"/> end on the next day.
/// </summary>
/// <param name="From">First minute, <c>HH:mm</c>.</param>
/// <param name="To">First minute after it, <c>HH:mm</c>.</param>
public sealed record QuietHours(string From, string To)
{
    /// <summary>Days on which it begins, as <c>Mon</c> … <c>Sun</c>; empty: every day.</summary>
    public IReadOnlyList<string> Days { get; init; } = [];

    /// <summary>Name of the time zone (IANA). Default <c>UTC</c>. One that a host does not know holds always.</summary>
    public string TimeZone { get; init; } = "UTC";
}

/// <summary>
/// The start of a grace period, after a change of host, an election of nstance, or a long gap without a good sync.
/// Deadlines count from then.
/// </summary>
/// <param name="Since">The first moment.</param>
/// <param name="Why">What was before it.</param>
public sealed record GracePeriod(DateTimeOffset Since, string Why)
{
    /// <summary>How many cycles in a row have begun it anew while the one before was in effect.</summary>
    public int Renewals { get; init; }
}

/// <summary>Grace in a report.</summary>
/// <param name="Why">What it is for.</param>
/// <param name="Until">End of the longest deadline that it moves.</param>
public sealed record GraceNote(string Why, DateTimeOffset Until)
{
    /// <summary>How many cycles in a row have begun it anew while the one before was in effect.</summary>
    public int Renewals { get; init; }
}
