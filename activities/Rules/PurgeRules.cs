namespace Nstance.Temporal.Activities.Rules;

/// <summary>Which rows are past their retention.</summary>
internal static class PurgeRules
{
    /// <summary>
    /// Rows marked as deleted before it may be purged; null: none may. A mark that no complete sync followed is no
    /// evidence: it may have been set during an outage, of a machine that runs. A dry-run needs no sync, since it only
    /// reports.
    /// </summary>
    /// <param name="input">The cycle.</param>
    /// <param name="syncedAt">The last complete sync that was no dry-run; null: there was none.</param>
    public static DateTimeOffset? DeletedBefore(PhaseInput input, DateTimeOffset? syncedAt)
    {
        var expired = input.AsOf - input.Timings.DeletedRecordRetention;
        if (input.DryRun) return expired;
        var confirmed = syncedAt - input.Timings.SettleTime;
        return confirmed < expired ? confirmed : confirmed is null ? null : expired;
    }
}
