namespace Nstance.Temporal.Simulation.Fleet;

/// <summary>
/// nstance's instance id: a kind and 26 characters of Crockford base32 that end in two zero bits (contract, "Names").
/// The code shares nothing with the collector's, so that each checks the other.
/// </summary>
/// <param name="Kind">Three lower-case letters.</param>
/// <param name="Value">UUIDv7.</param>
internal sealed record MemberId(string Kind, Guid Value)
{
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

    public string StorageKey => $"{Value:D}-{Kind}";

    public static MemberId New(Random random, string kind, DateTimeOffset at)
    {
        Span<byte> bytes = stackalloc byte[16];
        random.NextBytes(bytes);
        var milliseconds = at.ToUnixTimeMilliseconds();
        for (var n = 0; n < 6; n++) bytes[n] = (byte)(milliseconds >> (40 - (8 * n)));
        bytes[6] = (byte)((bytes[6] & 0x0f) | 0x70);
        bytes[8] = (byte)((bytes[8] & 0x3f) | 0x80);
        return new MemberId(kind, new Guid(bytes, bigEndian: true));
    }

    public override string ToString() => Kind + string.Create(26, Value.ToByteArray(bigEndian: true), (text, bytes) =>
    {
        for (var n = 0; n < 26; n++)
        {
            var digit = 0;
            for (var bit = n * 5; bit < (n * 5) + 5; bit++)
                digit = (digit << 1) | (bit < 128 ? (bytes[bit / 8] >> (7 - (bit % 8))) & 1 : 0);
            text[n] = Alphabet[digit];
        }
    });
}
