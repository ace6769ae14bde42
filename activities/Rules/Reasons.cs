namespace Nstance.Temporal.Activities.Rules;

/// <summary>One reason to collect.</summary>
/// <param name="Id">The reason on the wire.</param>
/// <param name="Word">Its name in the audit and in reports; with underscores in metrics.</param>
/// <param name="Pause">The sweep whose pause applies to it.</param>
/// <param name="NeedsAgents">True if the rule trusts that agents can register and report.</param>
/// <param name="Find">Finds the rows that may be garbage for this reason.</param>
/// <param name="Judge">Judges fresh evidence about one of them.</param>
internal sealed record Reason(
    CollectReason Id,
    string Word,
    Sweep Pause,
    bool NeedsAgents,
    Func<CandidateRows, IEnumerable<InstanceRow>> Find,
    Func<InstanceRow, Evidence, PhaseInput, Verdict> Judge)
{
    /// <summary>Its label in metrics.</summary>
    public string Label => Word.Replace('-', '_');
}

/// <summary>
/// The table of reasons, in the order of their evaluation. A candidate that one reason skips is not judged by the next
/// one, unless the evidence refutes the reason.
/// </summary>
internal static class Reasons
{
    public static IReadOnlyList<Reason> All { get; } =
    [
        new(CollectReason.Unhealthy, "unhealthy", Sweep.Unhealthy, false,
            rows => rows.Unhealthy, TerminationRules.Unhealthy),
        new(CollectReason.Dangling, "dangling", Sweep.Dangling, true,
            rows => rows.Dangling, TerminationRules.NeverRegistered),
        new(CollectReason.Orphan, "orphan", Sweep.Orphan, true,
            rows => rows.Orphans, TerminationRules.NeverRegistered),
        new(CollectReason.DeletedButRunning, "deleted-but-running", Sweep.DeletedButRunning, true,
            rows => rows.DeletedButRunning, TerminationRules.DeletedButRunning),
        new(CollectReason.StalePreInsert, "stale-pre-insert", Sweep.StalePreInsert, true,
            rows => rows.PreInserts, TerminationRules.PreInsert),
        new(CollectReason.MachineLost, "machine-lost", Sweep.MachineLost, true,
            rows => rows.WithoutMachine, TerminationRules.WithoutMachine),
    ];

    public static Reason Of(CollectReason id) => All[(int)id];
}
