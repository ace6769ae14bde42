using System.Diagnostics.CodeAnalysis;

namespace Nstance.Temporal.Activities.Domain;

/// <summary>
/// A puidv7: three lower-case letters (the kind) and a UUIDv7 in Crockford's base32. Strict on purpose: an id names a
/// machine and an object key, so each instance has exactly one spelling. A "nearly right" id is a broken id.
/// </summary>
internal readonly record struct InstanceId
{
    public const int KindLength = 3;
    public const int Length = KindLength + DigitCount;

    private const int DigitCount = 26;
    private const int StorageKeyLength = 36 + 1 + KindLength;
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

    private InstanceId(Guid uuid, string kind) => (Uuid, Kind) = (uuid, kind);

    public Guid Uuid { get; }

    public string Kind { get; }

    /// <summary>The UUID's own milliseconds: when nstance made the id.</summary>
    public DateTimeOffset CreatedAt
    {
        get
        {
            Span<byte> bytes = stackalloc byte[16];
            Uuid.TryWriteBytes(bytes, bigEndian: true, out _);
            var milliseconds = 0L;
            foreach (var b in bytes[..6]) milliseconds = (milliseconds << 8) | b;
            return milliseconds <= MaxUnixMilliseconds
                ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
                : DateTimeOffset.MaxValue;
        }
    }

    /// <summary>As it stands in an object key: the UUID with hyphens, then the kind.</summary>
    public string StorageKey => $"{Uuid:D}-{Kind}";

    private static long MaxUnixMilliseconds { get; } = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    /// <summary>The id of a UUIDv7 and a kind; null when either is none.</summary>
    public static InstanceId? From(Guid uuid, string kind) =>
        IsVersion7(uuid) && IsKind(kind) ? new InstanceId(uuid, kind) : null;

    public static bool TryParse([NotNullWhen(true)] string? text, out InstanceId id)
    {
        id = default;
        if (text is not { Length: Length } || !IsKind(text.AsSpan(0, KindLength))) return false;

        // 26 digits hold 130 bits: the UUID from the top, and two bits at the end that must be zero.
        Span<byte> bytes = stackalloc byte[16];
        var (buffer, bits, at) = (0, 0, 0);
        foreach (var c in text.AsSpan(KindLength))
        {
            var digit = Alphabet.IndexOf(c);
            if (digit < 0) return false;
            buffer = ((buffer << 5) | digit) & 0xFFF;
            bits += 5;
            if (bits < 8) continue;
            bits -= 8;
            bytes[at++] = (byte)(buffer >> bits);
        }

        if ((buffer & 3) != 0) return false;
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

    public override string ToString()
    {
        if (Kind is null) return "";
        return string.Create(Length, this, static (text, id) =>
        {
            id.Kind.CopyTo(text);
            Span<byte> bytes = stackalloc byte[16];
            id.Uuid.TryWriteBytes(bytes, bigEndian: true, out _);
            var (buffer, bits, at) = (0, 0, KindLength);
            foreach (var b in bytes)
            {
                buffer = ((buffer << 8) | b) & 0xFFFF;
                for (bits += 8; bits >= 5; bits -= 5) text[at++] = Alphabet[(buffer >> (bits - 5)) & 31];
            }

            text[at] = Alphabet[(buffer << (5 - bits)) & 31];
        });
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
