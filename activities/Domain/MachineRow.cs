namespace Nstance.Temporal.Activities.Domain;

/// <summary>A machine of the shard as the cloud last listed it: a row of <c>gc_machines</c>.</summary>
/// <param name="ProviderId">The cloud's id.</param>
/// <param name="InstanceId">The id under which it is tracked: its tag, or made from the provider id.</param>
/// <param name="Group">From its tag.</param>
/// <param name="Status">nstance's word for its state.</param>
/// <param name="LaunchedMs">Unix milliseconds; null when the cloud did not say.</param>
/// <param name="Protected">Value of the protection tag.</param>
/// <param name="Quarantined">Value of the quarantine tag.</param>
internal sealed record MachineRow(
    string ProviderId, string InstanceId, string? Group, InstanceStatus Status, long? LaunchedMs, string? Protected,
    string? Quarantined)
{
    /// <summary>Whether the table says that no row of <c>instances</c> stands for it.</summary>
    public bool WasRowless { get; init; }

    public DateTimeOffset? LaunchedAt =>
        LaunchedMs is { } launched ? DateTimeOffset.FromUnixTimeMilliseconds(launched) : null;

    public static MachineRow Of(CloudInstance instance) => new(
        instance.ProviderId,
        instance.TrackingId,
        instance.Group,
        instance.Status,
        instance.LaunchTime?.ToUnixTimeMilliseconds(),
        instance.Tags.GetValueOrDefault(CloudTags.GcProtect),
        instance.Tags.GetValueOrDefault(CloudTags.GcQuarantined));

    /// <summary>As the cloud says now. Texts that are the same are not kept twice.</summary>
    public MachineRow Now(CloudInstance instance)
    {
        var now = Of(instance);
        return now with
        {
            ProviderId = ProviderId,
            InstanceId = now.InstanceId == InstanceId ? InstanceId : now.InstanceId,
            Group = now.Group == Group ? Group : now.Group,
        };
    }

    /// <summary>True: the cloud says of the instance what the table says.</summary>
    public bool Matches(CloudInstance instance) =>
        Status == instance.Status
        && InstanceId == instance.TrackingId
        && Group == instance.Group
        && LaunchedMs == instance.LaunchTime?.ToUnixTimeMilliseconds()
        && Protected == instance.Tags.GetValueOrDefault(CloudTags.GcProtect)
        && Quarantined == instance.Tags.GetValueOrDefault(CloudTags.GcQuarantined);
}
