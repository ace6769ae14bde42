using System.Runtime.InteropServices;

namespace Nstance.Temporal.Activities.LocalDb;

/// <summary>
/// Which machines a listing named, under which ids, as 64-bit hashes with a seed of this listing: some 30 bytes for each
/// instance. Two texts of the same hash are one in 10^19; such a machine would count as listed, in one cycle.
/// </summary>
internal sealed class ListedMachines
{
    private readonly Dictionary<ulong, ulong> _machines = [];
    private readonly HashSet<(ulong Id, ulong Machine)> _more = [];

    /// <summary>What stands here for a text.</summary>
    public SeededHash Hash { get; private set; } = new();

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        _machines.Clear();
        _more.Clear();
        Hash = new();
    }

    /// <summary>True: the id was named before, with this machine or another. By <see cref="Hash"/> of each.</summary>
    public bool Add(ulong id, ulong machine)
    {
        ref var first = ref CollectionsMarshal.GetValueRefOrAddDefault(_machines, id, out var isSeen);
        if (!isSeen) first = machine;
        else if (first != machine) _more.Add((id, machine));
        return isSeen;
    }

    /// <summary>True: the id was named with this machine.</summary>
    public bool Contains(ulong id, ulong machine) =>
        _machines.TryGetValue(id, out var first) && (first == machine || _more.Contains((id, machine)));
}
