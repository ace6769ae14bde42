using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Nstance.Temporal.Activities.Domain;

namespace Nstance.Temporal.Activities.LocalDb;

/// <summary>What a row is to be given. Empty texts: the row keeps its own.</summary>
/// <param name="Row">Its number.</param>
/// <param name="Was">What the row was when it was compared; see <see cref="ProviderState.Fingerprint"/>.</param>
/// <param name="Status">What the cloud says.</param>
/// <param name="Hostname">As UTF-8.</param>
/// <param name="Ip4">As UTF-8.</param>
/// <param name="Ip6">As UTF-8.</param>
internal readonly record struct NotedChange(
    long Row, UInt128 Was, InstanceStatus Status, ReadOnlyMemory<byte> Hostname, ReadOnlyMemory<byte> Ip4, ReadOnlyMemory<byte> Ip6);

/// <summary>
/// What a listing changes, until it is written in the order of the rows: 45 bytes for each, and its texts. A table of it
/// cost a fifth of a first sync. Not thread-safe.
/// </summary>
internal sealed class NotedChanges
{
    /// <summary>So many are to be written before more are noted: memory does not grow with the fleet.</summary>
    public const int Most = 250_000;

    private const int BlockSize = 64 << 10;
    private const int HashSize = 16;
    private const int LengthSize = sizeof(int);

    private readonly List<byte[]> _blocks = [];
    private readonly List<(long Row, int Block, int Offset)> _places = [];
    private int _free;

    public int Count => _places.Count;

    public bool IsFull => Count >= Most;

    public void Add(long row, UInt128 was, InstanceStatus status, string? hostname, string? ip4, string? ip6)
    {
        var most = HashSize + 1 + Most(hostname) + Most(ip4) + Most(ip6);
        if (_blocks.Count == 0 || _blocks[^1].Length - _free < most)
        {
            _blocks.Add(new byte[Math.Max(BlockSize, most)]);
            _free = 0;
        }

        _places.Add((row, _blocks.Count - 1, _free));
        var rest = _blocks[^1].AsSpan(_free);
        BinaryPrimitives.WriteUInt128LittleEndian(rest, was);
        rest[HashSize] = (byte)status;
        rest = rest[(HashSize + 1)..];
        Put(hostname, ref rest);
        Put(ip4, ref rest);
        Put(ip6, ref rest);
        _free = _blocks[^1].Length - rest.Length;

        static int Most(string? text) => LengthSize + (text is null ? 0 : Encoding.UTF8.GetMaxByteCount(text.Length));
    }

    /// <summary>All of them, ordered by row.</summary>
    public IEnumerable<NotedChange> Ordered()
    {
        CollectionsMarshal.AsSpan(_places).Sort(static (a, b) => a.Row.CompareTo(b.Row));
        foreach (var (row, block, offset) in _places)
        {
            var rest = (ReadOnlyMemory<byte>)_blocks[block].AsMemory(offset);
            var (was, status) = (BinaryPrimitives.ReadUInt128LittleEndian(rest.Span), (InstanceStatus)rest.Span[HashSize]);
            rest = rest[(HashSize + 1)..];
            var hostname = Take(ref rest);
            var ip4 = Take(ref rest);
            yield return new(row, was, status, hostname, ip4, Take(ref rest));
        }
    }

    private static void Put(string? text, ref Span<byte> rest)
    {
        var length = Encoding.UTF8.GetBytes(text ?? "", rest[LengthSize..]);
        BinaryPrimitives.WriteInt32LittleEndian(rest, length);
        rest = rest[(LengthSize + length)..];
    }

    private static ReadOnlyMemory<byte> Take(ref ReadOnlyMemory<byte> rest)
    {
        var text = rest.Slice(LengthSize, BinaryPrimitives.ReadInt32LittleEndian(rest.Span));
        rest = rest[(LengthSize + text.Length)..];
        return text;
    }
}
