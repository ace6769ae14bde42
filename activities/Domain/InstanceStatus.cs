namespace Nstance.Temporal.Activities.Domain;

/// <summary>What an instance is doing (contract, "EC2 tags").</summary>
internal enum InstanceStatus
{
    /// <summary>Could not be understood. Never counts as unhealthy.</summary>
    Unknown,
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

internal static class InstanceStatuses
{
    /// <summary>Those that make an instance garbage.</summary>
    public static IReadOnlyList<InstanceStatus> Unhealthy { get; } =
    [
        InstanceStatus.Stopping, InstanceStatus.Stopped, InstanceStatus.Suspending, InstanceStatus.Suspended,
        InstanceStatus.Deleting, InstanceStatus.Deleted, InstanceStatus.Repairing,
    ];

    /// <summary>All words that <see cref="Parse"/> takes for one of them, as SQL looks for them.</summary>
    public static IEnumerable<string> UnhealthyWords => [.. Unhealthy.Select(Name), "terminated"];

    /// <summary>Reads <c>provider_state.$.status</c> or a record's status; nstance's reconciler also writes "terminated".</summary>
    public static InstanceStatus Parse(string? text) => text switch
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

    public static bool IsUnhealthy(this InstanceStatus status) => Unhealthy.Contains(status);
}
