using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Nstance.Temporal.Simulation.S3;

/// <summary>Reads the body of a request: plain, or <c>aws-chunked</c> (signed chunks, then trailers).</summary>
internal static class S3Body
{
    public static async Task<byte[]> ReadAsync(HttpRequest request, CancellationToken ct)
    {
        using var raw = new MemoryStream();
        await request.Body.CopyToAsync(raw, ct);
        var body = raw.ToArray();
        var isChunked =
            request.Headers["x-amz-content-sha256"].ToString().StartsWith("STREAMING-", StringComparison.Ordinal);
        return isChunked ? Dechunk(body) : body;
    }

    /// <summary>Returns the content of an aws-chunked body. The trailers, which are checksums, are skipped.</summary>
    internal static byte[] Dechunk(ReadOnlySpan<byte> raw)
    {
        using var content = new MemoryStream(raw.Length);
        while (true)
        {
            var size = Line(ref raw).Split(';')[0];
            var isNumber = int.TryParse(size, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var length);
            if (!isNumber || length < 0 || length > raw.Length) throw Broken();
            if (length == 0) return content.ToArray();
            content.Write(raw[..length]);
            raw = raw[length..];
            if (Line(ref raw).Length > 0) throw Broken();
        }
    }

    private static string Line(ref ReadOnlySpan<byte> raw)
    {
        var end = raw.IndexOf("\r\n"u8);
        if (end < 0) throw Broken();
        var line = Encoding.ASCII.GetString(raw[..end]);
        raw = raw[(end + 2)..];
        return line;
    }

    private static S3Error Broken() =>
        new(400, "InvalidRequest", "The aws-chunked body of the request cannot be read.");
}
