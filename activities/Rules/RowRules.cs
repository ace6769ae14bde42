namespace Nstance.Temporal.Activities.Rules;

/// <summary>Rows whose values no rule can use.</summary>
internal static class RowRules
{
    /// <summary>Clocks of hosts differ a little. A time further ahead of the cycle's is invalid.</summary>
    public static readonly TimeSpan MaxAhead = TimeSpan.FromMinutes(5);

    /// <summary>Names the columns of a row that hold no usable time; null: there are none.</summary>
    public static string? InvalidTimes(InstanceRow row, DateTimeOffset asOf) =>
        row.InvalidAt(asOf + MaxAhead) is { Count: > 0 } columns
            ? $"row {row.Id}: invalid {string.Join(", ", columns)}; row skipped"
            : null;
}
