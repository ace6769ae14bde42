using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;

namespace Nstance.Temporal.Activities.LocalDb;

/// <summary>64 bits for a text, with a seed of its own: two texts that meet in one listing do not meet in the next.</summary>
internal sealed class SeededHash
{
    private const int OnStack = 512;

    private readonly long _seed = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long)));

    public ulong Of(string text)
    {
        var most = Encoding.UTF8.GetMaxByteCount(text.Length);
        Span<byte> bytes = most <= OnStack ? stackalloc byte[OnStack] : new byte[most];
        return Of(bytes[..Encoding.UTF8.GetBytes(text, bytes)]);
    }

    public ulong Of(ReadOnlySpan<byte> utf8) => XxHash3.HashToUInt64(utf8, _seed);
}
