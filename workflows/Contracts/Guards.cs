namespace Nstance.Temporal.Workflows.Contracts;

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
