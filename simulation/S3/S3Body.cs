using System.Buffers.Binary;
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
    private const string Checksum = "x-amz-checksum-";

    public static async Task<byte[]> ReadAsync(HttpRequest request, CancellationToken ct)
    {
        using var raw = new MemoryStream();
        await request.Body.CopyToAsync(raw, ct);
        var sums = request.Headers.Where(h => h.Key.StartsWith(Checksum, StringComparison.OrdinalIgnoreCase))
            .ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        var body = raw.ToArray();
        if (request.Headers["x-amz-content-sha256"].ToString().StartsWith("STREAMING-", StringComparison.Ordinal))
            body = Dechunk(body, sums);
        if (long.TryParse(request.Headers["x-amz-decoded-content-length"], out var length) && length != body.Length)
        {
            throw new S3Error(400, "IncompleteBody",
                "You did not provide the number of bytes specified by the Content-Length HTTP header");
        }

        foreach (var (name, sum) in sums) Check(name[Checksum.Length..].ToUpperInvariant(), sum, body);
        return body;
    }

    /// <summary>Returns the content of an aws-chunked body, and adds its trailers.</summary>
    internal static byte[] Dechunk(ReadOnlySpan<byte> raw, IDictionary<string, string> trailers)
    {
        using var content = new MemoryStream(raw.Length);
        while (true)
        {
            var size = Line(ref raw).Split(';')[0];
            var isNumber = int.TryParse(size, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var length);
            if (!isNumber || length < 0 || length > raw.Length) throw Broken();
            if (length == 0) break;
            content.Write(raw[..length]);
            raw = raw[length..];
            if (Line(ref raw).Length > 0) throw Broken();
        }

        while (!raw.IsEmpty && Line(ref raw) is { Length: > 0 } trailer)
        {
            if (trailer.Split(':', 2) is not [var name, var value]) throw Broken();
            if (name.StartsWith(Checksum, StringComparison.OrdinalIgnoreCase)) trailers[name] = value.Trim();
        }

        return content.ToArray();
    }

    private static string Line(ref ReadOnlySpan<byte> raw)
    {
        var end = raw.IndexOf("\r\n"u8);
        if (end < 0) throw Broken();
        var line = Encoding.ASCII.GetString(raw[..end]);
        raw = raw[(end + 2)..];
        return line;
    }

    private static void Check(string algorithm, string sum, byte[] body)
    {
        Span<byte> computed = stackalloc byte[SHA256.HashSizeInBytes];
        if (algorithm == "SHA256") SHA256.HashData(body, computed);
        else if (algorithm == "CRC32") BinaryPrimitives.WriteUInt32BigEndian(computed, Crc32.HashToUInt32(body));
        else return; // The SDK sends CRC32 unless told otherwise.
        if (Convert.ToBase64String(algorithm == "CRC32" ? computed[..sizeof(uint)] : computed) != sum)
        {
            throw new S3Error(
                400, "BadDigest", $"The {algorithm} you specified did not match the calculated checksum.");
        }
    }

    private static S3Error Broken() =>
        new(400, "InvalidRequest", "The aws-chunked body of the request cannot be read.");
}
