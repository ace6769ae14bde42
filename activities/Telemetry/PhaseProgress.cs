using System.Runtime.InteropServices;

namespace Nstance.Temporal.Activities.Telemetry;

/// <summary>
/// The details of a phase's heartbeat: its step, and its finished work, which the report of a retry includes. A retry
/// needs no cursor, because a terminated, purged or read instance is not a candidate again.
/// </summary>
internal sealed record PhaseProgress(string Doing)
{
    /// <summary>Terminated and cleaned so far. A retry judges skipped candidates again.</summary>
    public CollectResult? Collected { get; init; }

    /// <summary>Terminated and quarantined so far, as limits count it. A retry is a part of the same cycle.</summary>
    public IReadOnlyList<LimitedGroup>? Limited { get; init; }

    public PurgeResult? Purged { get; init; }

    /// <summary>Instances that the sync has listed. A retry starts the listing again.</summary>
    public int? Listed { get; init; }
}

/// <summary>Number of instances of a group that a reason has terminated or quarantined in this cycle.</summary>
internal sealed record LimitedGroup(CollectReason Reason, string Tenant, string Group, LimitedCount Count);

/// <summary>A count for the limits.</summary>
/// <param name="Instances">All of them.</param>
/// <param name="Left">Those that the count of active instances no longer has, because their rows are marked.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct LimitedCount(int Instances, int Left);
