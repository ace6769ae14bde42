namespace Nstance.Temporal.Activities.Aws;

/// <summary>
/// EC2's states of an instance
/// (<a href="https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html">lifecycle</a>).
/// </summary>
internal static class Ec2State
{
    /// <summary>Every state but <c>terminated</c>, as filter values.</summary>
    public static IReadOnlyList<string> NotTerminated { get; } =
        ["pending", "running", "shutting-down", "stopping", "stopped"];

    /// <summary>Returns nstance's status for a state; unknown for a state that this table lacks.</summary>
    public static InstanceStatus Parse(string? state) => state switch
    {
        "pending" => InstanceStatus.Pending,
        "running" => InstanceStatus.Running,
        "stopping" => InstanceStatus.Stopping,
        "stopped" => InstanceStatus.Stopped,
        "shutting-down" => InstanceStatus.Deleting,
        "terminated" => InstanceStatus.Deleted,
        _ => InstanceStatus.Unknown,
    };
}
