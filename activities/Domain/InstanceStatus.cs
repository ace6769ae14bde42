namespace Nstance.Temporal.Activities.Domain;

/// <summary>nstance's word for the state of an instance (contract, "EC2 tags").</summary>
internal enum InstanceStatus
{
    // Zero on purpose: whatever was never set is unknown, and unknown never ends anything.
    Unknown = 0,
    Pending,
    Running,
    Stopping,
    Stopped,
    Suspending,
    Suspended,
    Deleting,
    Deleted,
    Repairing,
}

/// <summary>The one table between nstance's words, EC2's states and <see cref="InstanceStatus"/>.</summary>
internal static class InstanceStatuses
{
    /// <summary>nstance's word → status; "terminated" (its reconciler's word) is deleted; the rest is unknown.</summary>
    public static InstanceStatus Parse(string? word) => word switch
    {
        "pending" => InstanceStatus.Pending,
        "running" => InstanceStatus.Running,
        "stopping" => InstanceStatus.Stopping,
        "stopped" => InstanceStatus.Stopped,
        "suspending" => InstanceStatus.Suspending,
        "suspended" => InstanceStatus.Suspended,
        "deleting" => InstanceStatus.Deleting,
        "deleted" or "terminated" => InstanceStatus.Deleted,
        "repairing" => InstanceStatus.Repairing,
        _ => InstanceStatus.Unknown,
    };

    /// <summary>EC2's state name → status; a state that EC2 invents later is unknown.</summary>
    public static InstanceStatus FromEc2State(string? state) => state switch
    {
        "pending" => InstanceStatus.Pending,
        "running" => InstanceStatus.Running,
        "stopping" => InstanceStatus.Stopping,
        "stopped" => InstanceStatus.Stopped,
        "shutting-down" => InstanceStatus.Deleting,
        "terminated" => InstanceStatus.Deleted,
        _ => InstanceStatus.Unknown,
    };

    /// <summary>The word that nstance writes.</summary>
    public static string Name(this InstanceStatus status) => status switch
    {
        InstanceStatus.Pending => "pending",
        InstanceStatus.Running => "running",
        InstanceStatus.Stopping => "stopping",
        InstanceStatus.Stopped => "stopped",
        InstanceStatus.Suspending => "suspending",
        InstanceStatus.Suspended => "suspended",
        InstanceStatus.Deleting => "deleting",
        InstanceStatus.Deleted => "deleted",
        InstanceStatus.Repairing => "repairing",
        _ => "unknown",
    };

    /// <summary>True for what is collected; never for unknown.</summary>
    public static bool IsUnhealthy(this InstanceStatus status) => status is
        InstanceStatus.Stopping or InstanceStatus.Stopped or InstanceStatus.Suspending or InstanceStatus.Suspended
        or InstanceStatus.Deleting or InstanceStatus.Deleted or InstanceStatus.Repairing;
}
