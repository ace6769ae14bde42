using Amazon.S3;
using Amazon.S3.Model;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Activities.Aws;

/// <summary>The audit in an S3 bucket.</summary>
internal sealed class S3AuditStore(IAmazonS3 client, AwsCall aws) : IAuditStore
{
    public async Task PutAsync(ShardRef shard, string key, ReadOnlyMemory<byte> lines, CancellationToken cancellationToken)
    {
        Guard(shard, key);
        await CallAsync(shard, "PutObject", async ct =>
        {
            // Made anew for each try: the SDK closes the stream it sent.
            var request = new PutObjectRequest
            {
                BucketName = shard.Bucket,
                Key = key,
                ContentType = "application/x-ndjson",
                InputStream = new MemoryStream(lines.ToArray(), writable: false),
            };
            var answer = await client.PutObjectAsync(request, ct);

            // Nothing ends untold: a proxy's 200 is no proof that it is told.
            return !string.IsNullOrEmpty(answer.ETag) ? answer : throw aws.Stranger("PutObject");
        }, cancellationToken);
    }

    public async Task<IReadOnlyList<string>> ListAsync(ShardRef shard, DateOnly day, CancellationToken cancellationToken)
    {
        var keys = new List<string>();
        await foreach (var page in S3Listing.PagesAsync(client, aws, shard.Bucket, AuditKey.Day(shard.Shard, day), cancellationToken))
            keys.AddRange(page.Select(o => o.Key));
        return keys;
    }

    public async Task<byte[]?> GetAsync(ShardRef shard, string key, CancellationToken cancellationToken)
    {
        Guard(shard, key);
        try
        {
            return await CallAsync(shard, "GetObject", async ct =>
            {
                using var answer = await client.GetObjectAsync(shard.Bucket, key, ct);
                using var bytes = new MemoryStream();
                await answer.ResponseStream.CopyToAsync(bytes, ct);
                return bytes.ToArray();
            }, cancellationToken);
        }
        catch (CloudException e) when (e.Fault == CloudFault.Gone)
        {
            return null;
        }
    }

    private static void Guard(ShardRef shard, string key)
    {
        if (!key.StartsWith(AuditKey.Prefix(shard.Shard), StringComparison.Ordinal))
            throw new ArgumentException("a key outside the shard's audit", nameof(key));
    }

    private async Task<T> CallAsync<T>(
        ShardRef shard, string action, Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            return await aws.RunAsync(action, call, cancellationToken);
        }
        catch (CloudException e)
        {
            throw S3RecordStore.Named(e, shard.Bucket);
        }
    }
}
