using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Nstance.Temporal.Activities.Reconcile;

/// <summary>
/// Verifies the sender and the time of a webhook call. A receiver also keeps each value of <see cref="KeyHeader"/> for
/// at least twice the tolerance and accepts it once: a retry and a replay within that time look alike.
/// </summary>
public static class WebhookSignature
{
    /// <summary>Unix seconds of the moment of signing.</summary>
    public const string TimestampHeader = "Nstance-Gc-Timestamp";

    /// <summary>Idempotency key of the notification.</summary>
    public const string KeyHeader = "Nstance-Gc-Key";

    /// <summary><c>sha256=hex(HMAC-SHA256(secret, timestamp + "." + body))</c>.</summary>
    public const string SignatureHeader = "Nstance-Gc-Signature";

    private const int MaxDigits = 11;

    /// <summary>Maximum age of a call, and maximum lead of its clock: 5 minutes.</summary>
    public static TimeSpan DefaultTolerance { get; } = TimeSpan.FromMinutes(5);

    /// <summary>Returns true if the body was signed with one of the secrets, within the tolerance.</summary>
    /// <param name="secrets">The secret; both during a change.</param>
    /// <param name="timestamp">Value of <see cref="TimestampHeader"/>, as received.</param>
    /// <param name="signature">Value of <see cref="SignatureHeader"/>, as received.</param>
    /// <param name="body">The body's bytes as received.</param>
    /// <param name="now">The receiver's time.</param>
    /// <param name="tolerance">Null: <see cref="DefaultTolerance"/>.</param>
    public static bool Verify(
        IEnumerable<byte[]> secrets, string? timestamp, string? signature, ReadOnlySpan<byte> body, DateTimeOffset now,
        TimeSpan? tolerance = null)
    {
        ArgumentNullException.ThrowIfNull(secrets);

        // Only digits: two readers must not read the same header differently.
        if (timestamp is not { Length: > 0 and <= MaxDigits } || signature is null
            || !long.TryParse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
            return false;
        var age = TimeSpan.FromSeconds(Math.Abs((double)now.ToUnixTimeSeconds() - seconds));
        if (age > (tolerance ?? DefaultTolerance)) return false;
        var given = Encoding.UTF8.GetBytes(signature);
        var isGood = false;
        foreach (var secret in secrets)
        {
            var expected = Encoding.ASCII.GetBytes(Sign(secret, timestamp, body));
            isGood |= CryptographicOperations.FixedTimeEquals(given, expected);
        }

        return isGood;
    }

    internal static string Sign(byte[] secret, string timestamp, ReadOnlySpan<byte> body)
    {
        byte[] signed = [.. Encoding.ASCII.GetBytes(timestamp), (byte)'.', .. body];
        return "sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData(secret, signed));
    }
}
