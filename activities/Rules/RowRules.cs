namespace Nstance.Temporal.Activities.Rules;

/// <summary>Rules for rows with invalid values.</summary>
internal static class RowRules
{
    /// <summary>Maximum difference of hosts' clocks. A time further ahead of the cycle's is invalid.</summary>
    public static readonly TimeSpan MaxAhead = TimeSpan.FromMinutes(5);

    /// <summary>Names the columns of a row with an invalid time; null if all are valid.</summary>
    public static string? InvalidTimes(InstanceRow row, DateTimeOffset asOf) =>
        row.InvalidAt(asOf + MaxAhead) is { Count: > 0 } columns
            ? $"row {row.Id}: invalid {string.Join(", ", columns)}; row skipped"
            : null;
}
