namespace Nstance.Temporal.Workflows.Contracts;

/// <summary>The nstance server that leads a shard, as <c>shard/{shard}/leader.json</c> names it.</summary>
/// <param name="Id">Its server id.</param>
/// <param name="Address">Its host, or its address with a port; "" if the file names none.</param>
/// <param name="Since">
/// When the collector first saw it lead, or noticed that it was elected again. Each election resets every report of
/// health, so a missing report from before this time is not evidence.
/// </param>
public sealed record NstanceLeaderInfo(string Id, string Address, DateTimeOffset Since)
{
    /// <summary>True if <paramref name="other"/> is the same server in the same term.</summary>
    /// <param name="other">The leader seen before; null: none.</param>
    /// <returns>False after an election.</returns>
    public bool IsSameTerm(NstanceLeaderInfo? other) => other?.Id == Id && other.Since == Since;
}
