using System.Buffers;
using System.Runtime.InteropServices;

namespace Nstance.Temporal.Benchmarks.Fleet;

/// <summary>
/// Bytes outside of the managed heap: one that holds a hundred megabytes for good is collected more rarely, and the garbage of
/// what is measured would pile up.
/// </summary>
internal sealed unsafe class NativeBytes(ReadOnlySpan<byte> bytes) : MemoryManager<byte>
{
    private readonly int _length = bytes.Length;
    private byte* _bytes = Copy(bytes);

    public override Span<byte> GetSpan() => _bytes is null ? throw new ObjectDisposedException(nameof(NativeBytes)) : new(_bytes, _length);

    public override MemoryHandle Pin(int elementIndex = 0) => new(_bytes + elementIndex);

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
        NativeMemory.Free(_bytes);
        _bytes = null;
    }

    private static byte* Copy(ReadOnlySpan<byte> bytes)
    {
        var copy = (byte*)NativeMemory.Alloc((nuint)bytes.Length);
        bytes.CopyTo(new(copy, bytes.Length));
        return copy;
    }
}
