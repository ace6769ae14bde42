namespace Nstance.Temporal.Activities.Rules;

/// <summary>What a sync changes about one machine.</summary>
/// <param name="Machine">As the cloud says.</param>
/// <param name="IsInsert">True if it is new, or has another instance id than in the table.</param>
internal readonly record struct MachineChange(MachineRow Machine, bool IsInsert);

/// <summary>
/// The difference between the listing before and this one. A listed machine leaves <see cref="Missing"/>. After a
/// complete listing, <see cref="Missing"/> holds the machines that were not listed.
/// </summary>
/// <param name="known">Machines as last listed, by provider id.</param>
internal sealed class ListingDifference(Dictionary<string, MachineRow> known)
{
    public IReadOnlyCollection<MachineRow> Missing => known.Values;

    /// <summary>Returns what a listed instance changes in the table; null if nothing.</summary>
    public MachineChange? Of(CloudInstance instance)
    {
        if (!known.Remove(instance.ProviderId, out var before)) return new(MachineRow.Of(instance), IsInsert: true);
        return before.Matches(instance)
            ? null
            : new(MachineRow.Of(instance), IsInsert: before.InstanceId != instance.TrackingId);
    }
}
