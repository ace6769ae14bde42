namespace Nstance.Temporal.Activities.Domain;

/// <summary>A machine of the shard as the cloud last listed it: a row of <c>gc_machines</c>.</summary>
/// <param name="ProviderId">The cloud's id.</param>
/// <param name="InstanceId">The id that tracks it: its tag, or one made from the provider id.</param>
/// <param name="Group">From its tag.</param>
/// <param name="Status">Its state in nstance's words.</param>
/// <param name="LaunchedMs">Unix milliseconds; null when the cloud did not say.</param>
internal sealed record MachineRow(
    string ProviderId, string InstanceId, string? Group, InstanceStatus Status, long? LaunchedMs)
{
    /// <summary>True if it had no row in <c>instances</c> when the table was written.</summary>
    public bool WasRowless { get; init; }

    public static MachineRow Of(CloudInstance instance) => new(
        instance.ProviderId,
        instance.TrackingId,
        instance.Group,
        instance.Status,
        instance.LaunchTime?.ToUnixTimeMilliseconds());

    /// <summary>True if the cloud describes the instance as the table does.</summary>
    public bool Matches(CloudInstance instance) =>
        Status == instance.Status
        && InstanceId == instance.TrackingId
        && Group == instance.Group
        && LaunchedMs == instance.LaunchTime?.ToUnixTimeMilliseconds();
}

/// <summary>A machine that shuts down.</summary>
/// <param name="ProviderId">The cloud's id.</param>
/// <param name="InstanceId">The id that tracks it.</param>
/// <param name="Group">From its tag.</param>
/// <param name="Since">When the collector first saw it shut down, or terminated it; null: not known.</param>
internal readonly record struct TerminatingMachine(
    string ProviderId, string InstanceId, string? Group, DateTimeOffset? Since);
