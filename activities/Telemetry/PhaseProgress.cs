namespace Nstance.Temporal.Activities.Telemetry;

/// <summary>
/// What a phase's heartbeat says: a word for people, and what is done for good, so that the report of a retry counts it
/// too. Where to go on needs no cursor: what was ended, purged or read is no candidate any more.
/// </summary>
internal sealed record PhaseProgress(string Doing)
{
    /// <summary>Terminated and cleaned so far; never what was skipped, which the retry judges anew.</summary>
    public CollectResult? Collected { get; init; }

    /// <summary>Purged so far.</summary>
    public PurgeResult? Purged { get; init; }

    /// <summary>
    /// Of the sync: instances listed. A retry lists anew, because half a listing is evidence of nothing.
    /// </summary>
    public int? Listed { get; init; }
}
