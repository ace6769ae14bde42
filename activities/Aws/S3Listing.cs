using System.Net;
using System.Runtime.CompilerServices;
using Amazon.S3;
using Amazon.S3.Model;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Activities.Aws;

/// <summary>
/// Pages of a bucket's objects under a prefix. Keys travel percent-encoded: one object whose key holds a character that
/// XML 1.0 has no form for would make the whole listing unreadable, and stop its shard.
/// </summary>
internal static class S3Listing
{
    private const int MaxKeys = 1000;

    public static async IAsyncEnumerable<IReadOnlyList<RecordObject>> PagesAsync(
        IAmazonS3 client, AwsCall aws, string bucket, string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var request = new ListObjectsV2Request
        {
            BucketName = bucket,
            Prefix = prefix,
            MaxKeys = MaxKeys,
            Encoding = EncodingType.Url,
        };
        while (true)
        {
            var answer = await AskAsync(client, aws, request, cancellationToken);
            var page = (answer.S3Objects ?? [])
                .Select(o => new RecordObject(Key(o, answer.Encoding), o.ETag ?? "")).ToArray();

            // Keys that nobody asked for, or that were read wrongly: leaving them out could leave out records.
            if (page.Any(o => !o.Key.StartsWith(prefix, StringComparison.Ordinal)))
                throw new CloudException(CloudFault.Transient, $"S3 at {aws.Place} listed keys outside of {prefix}");
            yield return page;
            if (answer.IsTruncated == false) yield break;
            var next = answer.NextContinuationToken;
            if (string.IsNullOrEmpty(next) || next == request.ContinuationToken)
                throw new CloudException(CloudFault.Transient, $"S3 at {aws.Place} cut a listing short");
            request.ContinuationToken = next;
        }
    }

    /// <summary>The SDK leaves the key as it came; an endpoint that does not say that it encoded did not.</summary>
    private static string Key(S3Object o, EncodingType? encoding) =>
        encoding == EncodingType.Url ? WebUtility.UrlDecode(o.Key) : o.Key;

    private static async Task<ListObjectsV2Response> AskAsync(
        IAmazonS3 client, AwsCall aws, ListObjectsV2Request request, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await aws.RunAsync("ListObjectsV2", ct => client.ListObjectsV2Async(request, ct), cancellationToken);

            // A proxy's page can be well-formed XML, and would read as an empty listing.
            return answer.IsTruncated is not null ? answer : throw aws.Stranger("ListObjectsV2");
        }
        catch (CloudException e)
        {
            throw S3RecordStore.Named(e, request.BucketName);
        }
    }
}
