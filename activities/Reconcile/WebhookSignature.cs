using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Nstance.Temporal.Activities.Reconcile;

/// <summary>
/// The receiver's side of the webhook: who called, and when. Beside it a receiver keeps the value of <see cref="KeyHeader"/>
/// for at least twice the tolerance and takes each once: a retry of ours and a replay within the window look alike.
/// </summary>
public static class WebhookSignature
{
    /// <summary>Unix seconds of the moment of signing.</summary>
    public const string TimestampHeader = "Nstance-Gc-Timestamp";

    /// <summary>Idempotency key of the notification.</summary>
    public const string KeyHeader = "Nstance-Gc-Key";

    /// <summary><c>sha256=hex(HMAC-SHA256(secret, timestamp + "." + body))</c>.</summary>
    public const string SignatureHeader = "Nstance-Gc-Signature";

    /// <summary>How old a call may be, and how far its clock may be ahead. Default 5 minutes.</summary>
    public static TimeSpan DefaultTolerance { get; } = TimeSpan.FromMinutes(5);

    /// <summary>True: the body was signed with one of the secrets, lately.</summary>
    /// <param name="secrets">The secret; two while it is being changed.</param>
    /// <param name="timestamp">Value of <see cref="TimestampHeader"/>, as received.</param>
    /// <param name="signature">Value of <see cref="SignatureHeader"/>, as received.</param>
    /// <param name="body">The body's bytes, before anything was parsed.</param>
    /// <param name="now">The receiver's time.</param>
    /// <param name="tolerance">Null: <see cref="DefaultTolerance"/>.</param>
    public static bool Verify(
        IEnumerable<byte[]> secrets, string? timestamp, string? signature, ReadOnlySpan<byte> body, DateTimeOffset now, TimeSpan? tolerance = null)
    {
        ArgumentNullException.ThrowIfNull(secrets);
        // Digits alone, and not many: no sign, no blanks, nothing that two readers read differently.
        if (timestamp is not { Length: > 0 and <= 11 } || signature is null
            || !long.TryParse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)) return false;
        var age = TimeSpan.FromSeconds(Math.Abs((double)now.ToUnixTimeSeconds() - seconds));
        if (age > (tolerance ?? DefaultTolerance)) return false;
        var given = Encoding.UTF8.GetBytes(signature);
        var good = false;
        foreach (var secret in secrets)
            good |= CryptographicOperations.FixedTimeEquals(given, Encoding.ASCII.GetBytes(Sign(secret, timestamp, body)));
        return good;
    }

    internal static string Sign(byte[] secret, string timestamp, ReadOnlySpan<byte> body)
    {
        byte[] signed = [.. Encoding.ASCII.GetBytes(timestamp), (byte)'.', .. body];
        return "sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData(secret, signed));
    }
}
