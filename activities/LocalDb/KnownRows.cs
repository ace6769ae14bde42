using System.Runtime.InteropServices;
using Nstance.Temporal.Activities.Domain;

namespace Nstance.Temporal.Activities.LocalDb;

/// <summary>
/// Live rows as they were at the beginning of a listing, as far as a listing is compared with them: about 80 bytes for each, texts
/// as the listing's hashes. What stands here is old: nothing ends by it, and a change is written only to a row that is
/// still what it was here (<see cref="NotedChange.Was"/>). Not thread-safe.
/// </summary>
internal sealed class KnownRows(int capacity, SeededHash hash)
{
    /// <summary>Of more than these, the others are looked at one by one: memory does not grow with the fleet.</summary>
    public const int Most = NotedChanges.Most;

    private readonly Dictionary<ulong, Known> _rows = new(capacity);
    private readonly List<long> _leftOut = [];
    private bool _isCut;

    public int Count => _rows.Count;

    public void Add(
        ReadOnlySpan<byte> id, long row, UInt128 print, ReadOnlySpan<byte> machine, InstanceStatus status, ReadOnlySpan<byte> hostname,
        ReadOnlySpan<byte> ip4, ReadOnlySpan<byte> ip6)
    {
        var known = new Known(row, print, hash.Of(machine), Half(hostname), Half(ip4), Half(ip6), status);

        // Two ids of one hash: both are to be looked at.
        if (_rows.TryAdd(hash.Of(id), known)) return;
        _rows[hash.Of(id)] = default;
        Cut();
    }

    /// <summary>A row that needs a closer look.</summary>
    public void LeaveOut(long row) => _leftOut.Add(row);

    /// <summary>There may be rows that are not even known to be left out.</summary>
    public void Cut() => _isCut = true;

    /// <summary>
    /// Numbers, in order, of the rows that may not have been listed with their machine; null: there may be others. A row that came
    /// to be live since is not among them.
    /// </summary>
    public IReadOnlyList<long>? NotIn(ListedMachines listed)
    {
        if (_isCut || _leftOut.Count > _rows.Count) return null;
        var rows = _leftOut.Concat(_rows.Where(row => !listed.Contains(row.Key, row.Value.Machine)).Select(row => row.Value.Row)).ToList();
        rows.Sort();
        return rows;
    }

    /// <summary>True: the row is known, and this its machine (both by the listing's hash). What differs from it is noted.</summary>
    public bool TryCompare(ulong id, ulong machine, Listed listed, NotedChanges noted)
    {
        if (!_rows.TryGetValue(id, out var known) || known.Machine != machine) return false;
        var (hostname, ip4, ip6) = (New(listed.Hostname, known.Hostname), New(listed.Ip4, known.Ip4), New(listed.Ip6, known.Ip6));
        if (known.Status != listed.Status || (hostname ?? ip4 ?? ip6) is not null)
            noted.Add(known.Row, known.Print, listed.Status, hostname, ip4, ip6);
        return true;
    }

    /// <summary>Null: as the row says. What the cloud does not say is no difference.</summary>
    private string? New(string? said, uint known) => said is null || (uint)hash.Of(said) == known ? null : said;

    /// <summary>One change in four thousand million looks like what stood there before, and is seen with the next listing's seed.</summary>
    private uint Half(ReadOnlySpan<byte> text) => (uint)hash.Of(text);

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Known(
        long Row, UInt128 Print, ulong Machine, uint Hostname, uint Ip4, uint Ip6, InstanceStatus Status);
}
