using System.Net;
using System.Runtime.CompilerServices;
using Amazon.S3;
using Amazon.S3.Model;

namespace Nstance.Temporal.Activities.Aws;

/// <summary>An object's bytes and ETag; no bytes if it is larger than the maximum.</summary>
internal sealed record S3Content(byte[]? Bytes, string ETag);

/// <summary>One bucket. Its faults name it. An answer that is not S3's is a fault.</summary>
internal sealed class S3Bucket(IAmazonS3 client, AwsCall aws, string name, SingleDeletes singles)
{
    private const int MaxKeys = 1000;

    private readonly AwsCall _aws = aws with { Bucket = name };

    /// <summary>Refuses a key outside of a prefix: a wrong key must not read or delete another object.</summary>
    public static void Require(string prefix, string key)
    {
        if (!key.StartsWith(prefix, StringComparison.Ordinal))
            throw new ArgumentException($"a key outside of {prefix}", nameof(key));
    }

    /// <summary>
    /// Lists the objects under a prefix. Keys are percent-encoded, because a key that XML 1.0 cannot represent would
    /// make the listing unreadable.
    /// </summary>
    public async IAsyncEnumerable<IReadOnlyList<RecordObject>> ListAsync(
        string prefix, [EnumeratorCancellation] CancellationToken ct)
    {
        var request = new ListObjectsV2Request
        {
            BucketName = name,
            Prefix = prefix,
            MaxKeys = MaxKeys,
            Encoding = EncodingType.Url,
        };
        while (true)
        {
            var answer = await _aws.RunAsync(client.ListObjectsV2Async, request, ct);

            // The SDK reads a proxy's page of well-formed XML as an empty listing.
            if (answer.IsTruncated is not { } isTruncated) throw _aws.Stranger("ListObjectsV2");
            RecordObject[] page =
                [.. (answer.S3Objects ?? []).Select(o => new RecordObject(Key(o, answer.Encoding), o.ETag ?? ""))];

            // A wrongly decoded key would hide a record.
            if (page.Any(o => !o.Key.StartsWith(prefix, StringComparison.Ordinal)))
                throw new CloudException(CloudFault.Transient, $"S3 at {_aws.Place} listed keys outside of {prefix}");
            yield return page;
            if (!isTruncated) yield break;
            var next = answer.NextContinuationToken;
            if (string.IsNullOrEmpty(next) || next == request.ContinuationToken)
                throw new CloudException(CloudFault.Transient, $"S3 at {_aws.Place} cut a listing short");
            request.ContinuationToken = next;
        }
    }

    /// <summary>Reads an object; null if S3 says that it does not exist.</summary>
    public async Task<S3Content?> ReadAsync(string key, CancellationToken ct, long maxBytes = long.MaxValue)
    {
        try
        {
            return await _aws.RunAsync("GetObject", async token =>
            {
                using var answer = await client.GetObjectAsync(name, key, token);
                if (answer.ContentLength > maxBytes) return new S3Content(null, answer.ETag ?? "");
                using var bytes = new MemoryStream();
                await answer.ResponseStream.CopyToAsync(bytes, token);
                return new S3Content(bytes.ToArray(), answer.ETag ?? "");
            }, ct);
        }
        catch (CloudException e) when (e.Fault == CloudFault.Gone)
        {
            return null;
        }
    }

    /// <summary>Writes an object. A proxy's 200 has no ETag and does not count.</summary>
    public Task PutAsync(string key, string contentType, ReadOnlyMemory<byte> bytes, CancellationToken ct) =>
        _aws.RunAsync("PutObject", async token =>
        {
            // A new stream for each try: the SDK closes the stream that it sent.
            var answer = await client.PutObjectAsync(new()
            {
                BucketName = name,
                Key = key,
                ContentType = contentType,
                InputStream = new MemoryStream(bytes.ToArray(), writable: false),

                // One plain body: not every store that speaks S3 reads signed chunks with a trailer.
                UseChunkEncoding = false,
            }, token);
            return !string.IsNullOrEmpty(answer.ETag) ? answer : throw _aws.Stranger("PutObject");
        }, ct);

    /// <summary>Deletes objects, and returns the keys that may still exist, each with the reason.</summary>
    public Task<IReadOnlyDictionary<string, string>> DeleteAsync(IEnumerable<string> keys, CancellationToken ct) =>
        new DeleteInBatches(client, _aws, name, singles).RunAsync(keys, ct);

    /// <summary>Decodes a key, which the SDK does not. An endpoint that reports no encoding did not encode.</summary>
    private static string Key(S3Object o, EncodingType? encoding) =>
        encoding == EncodingType.Url ? WebUtility.UrlDecode(o.Key) : o.Key;
}
