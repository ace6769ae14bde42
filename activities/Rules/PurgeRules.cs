namespace Nstance.Temporal.Activities.Rules;

internal static class PurgeRules
{
    /// <summary>
    /// Returns the time before which a marked row may be purged; null if none may. A complete sync since the mark is
    /// required, because a mark from an outage may be wrong. A dry-run only reports and needs no sync.
    /// </summary>
    /// <param name="input">The cycle.</param>
    /// <param name="syncedAt">Time of the last complete sync that was not a dry-run; null before the first.</param>
    public static DateTimeOffset? DeletedBefore(PhaseInput input, DateTimeOffset? syncedAt)
    {
        var expired = input.AsOf - input.Timings.DeletedRecordRetention;
        if (input.DryRun) return expired;
        var confirmed = syncedAt - input.Timings.SettleTime;
        return confirmed < expired ? confirmed : confirmed is null ? null : expired;
    }

    /// <summary>Returns the machine that a record names instead of the marked row's; null if it names none.</summary>
    public static string? OtherMachine(InstanceRecord record, InstanceRow row) =>
        row.ProviderId is not null && record.ProviderId != row.ProviderId ? record.ProviderId : null;

    /// <summary>True if the record was made after the mark, and its own retention is not over.</summary>
    public static bool IsNewer(InstanceRecord record, InstanceRow row, DateTimeOffset deletedBefore) =>
        record.CreatedAt > row.DeletedAt && record.CreatedAt > row.CreatedAt && record.CreatedAt >= deletedBefore;
}
