using System.Runtime.CompilerServices;
using Amazon.S3;
using Amazon.S3.Model;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Activities.Aws;

/// <summary>The shard's part of an S3 bucket.</summary>
/// <param name="client">Shared by all shards of the process.</param>
/// <param name="aws">Time limit and translation of errors.</param>
/// <param name="gets">Bounds the reads in flight, of all shards together.</param>
internal sealed class S3RecordStore(IAmazonS3 client, AwsCall aws, AdaptiveLimit gets) : IRecordStore
{
    private const int MaxKeys = 1000;

    // A record is a few KiB; what is larger is not read into memory.
    private const int MaxBytes = 1 << 20;

    public async IAsyncEnumerable<IReadOnlyList<RecordObject>> ListAsync(
        ShardRef shard, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var prefix = RecordKey.Prefix(shard.Shard);
        await foreach (var page in S3Listing.PagesAsync(client, aws, shard.Bucket, prefix, cancellationToken))
        {
            // Some tools keep an empty object in place of a folder.
            yield return page.Where(o => o.Key.Length > prefix.Length).ToArray();
        }
    }

    public async Task<RecordRead> GetAsync(ShardRef shard, string key, CancellationToken cancellationToken)
    {
        Guard(shard, key);
        if (!RecordKey.TryParse(shard.Shard, key, out var tenant, out var id))
            return new RecordRead.Invalid("its key names no tenant and instance");
        var read = await ReadAsync(shard, key, cancellationToken);
        if (read is not { } found) return new RecordRead.Missing();
        if (found.Bytes is null) return new RecordRead.Invalid($"is larger than {MaxBytes} bytes");
        if (!InstanceRecord.TryParse(found.Bytes, out var record, out var why))
            return new RecordRead.Invalid(why ?? "cannot be read");
        return record!.InstanceId == id && record.Tenant == tenant
            ? new RecordRead.Found(record, found.ETag)
            : new RecordRead.Invalid("names another instance or tenant than its key");
    }

    public async Task<IReadOnlyDictionary<string, string>> DeleteAsync(
        ShardRef shard, IReadOnlyCollection<string> keys, CancellationToken cancellationToken)
    {
        foreach (var key in keys) Guard(shard, key);
        var failed = new Dictionary<string, string>();
        string? outage = null;
        foreach (var batch in keys.Distinct().Chunk(MaxKeys))
        {
            if (outage is null)
            {
                try
                {
                    await DeleteBatchAsync(shard, batch, failed, cancellationToken);
                    continue;
                }
                catch (CloudException e)
                {
                    outage = e.Message;
                }
            }

            foreach (var key in batch) failed[key] = outage;
        }

        return failed;
    }

    public async Task<byte[]?> GetConfigAsync(ShardRef shard, CancellationToken cancellationToken)
    {
        if (!Identifiers.IsValid(shard.Shard)) throw new ArgumentException("not a shard id", nameof(shard));
        var key = $"shard/{shard.Shard}/config.jsonc";
        return await ReadAsync(shard, key, cancellationToken) is not { } found ? null
            : found.Bytes ?? throw new CloudException(CloudFault.Invalid, $"s3://{shard.Bucket}/{key} is too large");
    }

    /// <summary>The same fault, naming the bucket when that is what is missing.</summary>
    internal static CloudException Named(CloudException e, string bucket) => e.Code switch
    {
        "NoSuchBucket" => new CloudException(
            CloudFault.Invalid, $"bucket \"{bucket}\" does not exist there: create it, or name another. {e.Message}")
        {
            Code = e.Code,
        },
        "PermanentRedirect" or "AuthorizationHeaderMalformed" => new CloudException(
            CloudFault.Invalid, $"bucket \"{bucket}\" is in another region: set AWS_REGION to it. {e.Message}")
        {
            Code = e.Code,
        },
        _ => e,
    };

    private static void Guard(ShardRef shard, string key)
    {
        if (!key.StartsWith(RecordKey.Prefix(shard.Shard), StringComparison.Ordinal))
            throw new ArgumentException("a key outside the shard's instance records", nameof(key));
    }

    private async Task DeleteBatchAsync(
        ShardRef shard, string[] batch, Dictionary<string, string> failed, CancellationToken cancellationToken)
    {
        // Not quiet: a key counts as deleted only when the answer says so.
        var request = new DeleteObjectsRequest
        {
            BucketName = shard.Bucket,
            Objects = [.. batch.Select(key => new KeyVersion { Key = key })],
            Quiet = false,
        };
        var answer = await CallAsync(shard, "DeleteObjects", async ct =>
        {
            try
            {
                return await client.DeleteObjectsAsync(request, ct);
            }
            catch (DeleteObjectsException e) when (e.Response is not null)
            {
                return e.Response;
            }
        }, cancellationToken);
        var done = (answer.DeletedObjects ?? []).Select(o => o.Key).ToHashSet();
        foreach (var error in answer.DeleteErrors ?? [])
        {
            if (AwsErrors.Classify(error.Code, null) == CloudFault.Gone) done.Add(error.Key);
            else failed[error.Key] = $"S3 refused to delete it ({error.Code})";
        }

        foreach (var key in batch.Where(k => !done.Contains(k)))
            failed.TryAdd(key, "S3's answer left it out");
    }

    /// <returns>Null: the object is missing. Bytes null: too large.</returns>
    private async Task<(byte[]? Bytes, string ETag)?> ReadAsync(
        ShardRef shard, string key, CancellationToken cancellationToken)
    {
        try
        {
            return await gets.RunAsync(() => CallAsync<(byte[]?, string)?>(shard, "GetObject", async ct =>
            {
                using var answer = await client.GetObjectAsync(shard.Bucket, key, ct);
                if (answer.ContentLength > MaxBytes) return (null, answer.ETag ?? "");
                using var bytes = new MemoryStream();
                await answer.ResponseStream.CopyToAsync(bytes, ct);
                return (bytes.ToArray(), answer.ETag ?? "");
            }, cancellationToken), cancellationToken);
        }
        catch (CloudException e) when (e.Fault == CloudFault.Gone)
        {
            return null;
        }
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
            throw Named(e, shard.Bucket);
        }
    }
}
