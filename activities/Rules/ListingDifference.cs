namespace Nstance.Temporal.Activities.Rules;

/// <summary>What a sync changes about one machine.</summary>
/// <param name="Machine">As the cloud says.</param>
/// <param name="IsInsert">True: new, or under another instance id than the table says.</param>
internal readonly record struct MachineChange(MachineRow Machine, bool IsInsert);

/// <summary>
/// The difference between the listing before and this one. What is listed leaves <see cref="Missing"/>; what is left
/// there when the listing is complete was not listed.
/// </summary>
/// <param name="known">Machines as last listed, by provider id.</param>
internal sealed class ListingDifference(Dictionary<string, MachineRow> known)
{
    public IReadOnlyCollection<MachineRow> Missing => known.Values;

    /// <summary>What the table must be told of a listed instance; null: it knows.</summary>
    public MachineChange? Of(CloudInstance instance)
    {
        if (!known.Remove(instance.ProviderId, out var before)) return new(MachineRow.Of(instance), IsInsert: true);
        return before.Matches(instance)
            ? null
            : new(before.Now(instance), IsInsert: before.InstanceId != instance.TrackingId);
    }
}
