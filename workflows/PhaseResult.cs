using System.Text.Json.Serialization;

namespace Nstance.Temporal.Workflows;

/// <summary>What the outcomes of all phases have in common.</summary>
public abstract record PhaseResult
{
    /// <summary>Up to 20 instances of interest, each with what was done and why.</summary>
    public IReadOnlyList<InstanceNote> Samples { get; init; } = [];

    /// <summary>What an operator should know, one sentence each; at most 20.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];

    /// <summary>
    /// What the cloud or the bucket did not answer or accept, or the host did not understand, so that work is left, in
    /// one sentence; the cycle is then <see cref="CycleOutcome.Partial"/>. Null: there was no outage. Invalid data does
    /// not count as an outage.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Outage { get; init; }
}
