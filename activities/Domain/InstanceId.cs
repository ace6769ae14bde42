using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Nstance.Temporal.Activities.Domain;

/// <summary>
/// A puidv7: three lower-case letters (the kind) and a UUIDv7 in Crockford's base32. An id names a machine and an
/// object key, so exactly one spelling is valid.
/// </summary>
internal readonly record struct InstanceId
{
    public const int KindLength = 3;
    public const int Length = KindLength + DigitCount;

    private const int DigitCount = 26;
    private const int StorageKeyLength = 36 + 1 + KindLength;
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

    private InstanceId(Guid uuid, string kind)
    {
        Uuid = uuid;
        Kind = kind;
    }

    public Guid Uuid { get; }

    public string Kind { get; }

    /// <summary>When nstance made the id: the UUID's milliseconds.</summary>
    public DateTimeOffset CreatedAt
    {
        get
        {
            var milliseconds = (long)(Bits(Uuid) >> 80);
            return milliseconds <= MaxUnixMilliseconds
                ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
                : DateTimeOffset.MaxValue;
        }
    }

    /// <summary>The id in an object key: the UUID with hyphens, then the kind.</summary>
    public string StorageKey => $"{Uuid:D}-{Kind}";

    private static long MaxUnixMilliseconds { get; } = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    public static bool TryParse([NotNullWhen(true)] string? text, out InstanceId id)
    {
        id = default;
        if (text is not { Length: Length } || !IsKind(text.AsSpan(0, KindLength))) return false;

        // 26 digits hold 130 bits: the UUID's 128, and two zero bits at the end.
        UInt128 bits = 0;
        foreach (var c in text.AsSpan(KindLength, DigitCount - 1))
        {
            var digit = Alphabet.IndexOf(c);
            if (digit < 0) return false;
            bits = (bits << 5) | (uint)digit;
        }

        var last = Alphabet.IndexOf(text[^1]);
        if (last < 0 || last % 4 != 0) return false;
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, (bits << 3) | (uint)(last / 4));
        return Accept(new Guid(bytes, bigEndian: true), text.AsSpan(0, KindLength), out id);
    }

    public static bool TryParseStorageKey([NotNullWhen(true)] string? text, out InstanceId id)
    {
        id = default;
        return text is { Length: StorageKeyLength }
            && text[36] == '-'
            && IsKind(text.AsSpan(37))
            && !text.AsSpan(0, 36).ContainsAnyInRange('A', 'F')
            && Guid.TryParseExact(text.AsSpan(0, 36), "D", out var uuid)
            && Accept(uuid, text.AsSpan(37), out id);
    }

    public override string ToString() => Kind is null ? "" : string.Create(Length, this, static (text, id) =>
    {
        id.Kind.CopyTo(text);
        var bits = Bits(id.Uuid);
        text[^1] = Alphabet[(int)(bits & 7) * 4];
        bits >>= 3;
        for (var at = Length - 2; at >= KindLength; at--, bits >>= 5) text[at] = Alphabet[(int)(bits & 31)];
    });

    private static UInt128 Bits(Guid uuid)
    {
        Span<byte> bytes = stackalloc byte[16];
        uuid.TryWriteBytes(bytes, bigEndian: true, out _);
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    private static bool Accept(Guid uuid, ReadOnlySpan<char> kind, out InstanceId id)
    {
        var accepted = IsVersion7(uuid);
        id = accepted ? new InstanceId(uuid, kind.ToString()) : default;
        return accepted;
    }

    private static bool IsVersion7(Guid uuid) => uuid.Version == 7 && (uuid.Variant & 0b1100) == 0b1000;

    private static bool IsKind(ReadOnlySpan<char> kind) =>
        kind.Length == KindLength && !kind.ContainsAnyExceptInRange('a', 'z');
}
