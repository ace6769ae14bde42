namespace Nstance.Temporal.Activities.Rules;

internal static class TerminatingRules
{
    /// <summary>EC2 needs minutes. A machine that takes longer than this is stuck.</summary>
    public static readonly TimeSpan MaxDuration = TimeSpan.FromHours(1);

    private const int MaxNamed = 3;

    public static IReadOnlyList<TerminatingMachine> Stuck(
        IEnumerable<TerminatingMachine> machines, DateTimeOffset asOf) =>
        [.. machines.Where(machine => machine.Since < asOf - MaxDuration).OrderBy(machine => machine.Since)];

    /// <summary>Returns a sentence for the report; null if none is stuck.</summary>
    public static string? Problem(IReadOnlyList<TerminatingMachine> stuck)
    {
        if (stuck.Count == 0) return null;
        var named = stuck.Take(MaxNamed).Select(machine => $"{machine.ProviderId} {Why(machine)}");
        var more = stuck.Count > MaxNamed ? $" and {stuck.Count - MaxNamed} more" : "";
        return $"{stuck.Count} machines have been terminating for more than an hour "
            + $"({string.Join(", ", named)}{more}); left to the cloud. Ask the cloud's support if it lasts";
    }

    public static string Why(TerminatingMachine machine) => $"since {machine.Since:yyyy-MM-dd HH:mm:ss}Z";
}
