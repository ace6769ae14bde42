using System.Globalization;
using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Nstance.Temporal.Simulation.S3;

/// <summary>
/// Reads the body of a request: plain, or <c>aws-chunked</c> (chunks with signatures, then trailers), and checks its
/// checksums.
/// </summary>
internal static class S3Body
{
    public static async Task<byte[]> ReadAsync(HttpRequest request, CancellationToken ct)
    {
        using var raw = new MemoryStream();
        await request.Body.CopyToAsync(raw, ct);
        var sums = request.Headers.Where(h => h.Key.StartsWith("x-amz-checksum-", StringComparison.OrdinalIgnoreCase))
            .ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        var body = raw.ToArray();
        if (request.Headers["x-amz-content-sha256"].ToString().StartsWith("STREAMING-", StringComparison.Ordinal))
            body = Dechunk(body, sums);
        if (long.TryParse(request.Headers["x-amz-decoded-content-length"], out var length) && length != body.Length)
            throw new S3Error(400, "IncompleteBody",
                "You did not provide the number of bytes specified by the Content-Length HTTP header");
        foreach (var (name, sum) in sums)
            Check(name["x-amz-checksum-".Length..].ToUpperInvariant(), sum, body);
        return body;
    }

    /// <summary>The content of an aws-chunked body; its trailers are added to <paramref name="trailers"/>.</summary>
    internal static byte[] Dechunk(ReadOnlySpan<byte> raw, IDictionary<string, string> trailers)
    {
        using var content = new MemoryStream(raw.Length);
        while (true)
        {
            var head = Line(ref raw);
            var size = head.Split(';')[0];
            if (!int.TryParse(size, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var length)
                || length < 0 || length > raw.Length)
                throw Broken();
            if (length == 0)
                break;
            content.Write(raw[..length]);
            raw = raw[length..];
            if (Line(ref raw).Length > 0)
                throw Broken();
        }

        while (!raw.IsEmpty && Line(ref raw) is { Length: > 0 } trailer)
        {
            var colon = trailer.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0)
                throw Broken();
            if (trailer.StartsWith("x-amz-checksum-", StringComparison.OrdinalIgnoreCase))
                trailers[trailer[..colon]] = trailer[(colon + 1)..].Trim();
        }

        return content.ToArray();
    }

    private static string Line(ref ReadOnlySpan<byte> raw)
    {
        var end = raw.IndexOf("\r\n"u8);
        if (end < 0)
            throw Broken();
        var line = Encoding.ASCII.GetString(raw[..end]);
        raw = raw[(end + 2)..];
        return line;
    }

    private static void Check(string algorithm, string sum, byte[] body)
    {
        var computed = algorithm switch
        {
            "CRC32" => BigEndian(Crc32.HashToUInt32(body)),
            "SHA256" => SHA256.HashData(body),
            // Others are not computed here: the SDK sends CRC32 unless told otherwise.
            _ => null,
        };
        if (computed is not null && Convert.ToBase64String(computed) != sum)
            throw new S3Error(400, "BadDigest",
                $"The {algorithm} you specified did not match the calculated checksum.");
    }

    private static byte[] BigEndian(uint value) =>
        [(byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value];

    private static S3Error Broken() =>
        new(400, "InvalidRequest", "The aws-chunked body of the request cannot be read.");
}
