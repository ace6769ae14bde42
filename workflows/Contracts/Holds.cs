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
/// <param name="Renewals">How many cycles in a row have begun it anew while the one before was in effect.</param>
public sealed record GracePeriod(DateTimeOffset Since, string Why, int Renewals = 0);

/// <summary>Grace in a report.</summary>
/// <param name="Why">What it is for.</param>
/// <param name="Until">End of the longest deadline that it moves.</param>
/// <param name="Renewals">How many cycles in a row have begun it anew while the one before was in effect.</param>
public sealed record GraceNote(string Why, DateTimeOffset Until, int Renewals = 0);

/// <summary>A guard that held something back in a cycle.</summary>
/// <param name="Guard">One of <see cref="Guards.All"/>.</param>
/// <param name="Why">One sentence.</param>
public sealed record GuardNote(string Guard, string Why);

/// <summary>A guard that holds the shard back, and since when.</summary>
/// <param name="Guard">One of <see cref="Guards.All"/>.</param>
/// <param name="Why">One sentence.</param>
/// <param name="Since">Start of the first of the cycles in a row in which it did.</param>
public sealed record Block(string Guard, string Why, DateTimeOffset Since);

/// <summary>The guards (design, "Evidence, limits, guards").</summary>
public static class Guards
{
    /// <summary>No agent has registered or reported for a registration timeout.</summary>
    public const string Agents = "agents";

    /// <summary>The clocks of Temporal, the host and the cloud differ.</summary>
    public const string Clocks = "clocks";

    /// <summary>The listing shrank implausibly, or shows nothing of the shard.</summary>
    public const string Listing = "listing";

    /// <summary>The cloud answered about none of the candidates.</summary>
    public const string Cloud = "cloud";

    /// <summary>Half of the registered agents stopped reporting together. It holds back replacements only.</summary>
    public const string Health = "health";

    /// <summary>All of them; values of the metric's label.</summary>
    public static IReadOnlyList<string> All { get; } = [Agents, Clocks, Listing, Cloud, Health];
}
