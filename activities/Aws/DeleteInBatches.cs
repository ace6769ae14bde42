using System.Collections.Concurrent;
using Amazon.S3;
using Amazon.S3.Model;

namespace Nstance.Temporal.Activities.Aws;

/// <summary>Deletes objects of a bucket, a thousand in a call; one by one where the store refuses such calls.</summary>
internal sealed class DeleteInBatches(IAmazonS3 client, AwsCall aws, string bucket, SingleDeletes singles)
{
    private const int MaxKeys = 1000;

    /// <summary>A thousand records take seconds, without a flood of calls.</summary>
    private const int MaxParallel = 16;

    private readonly ConcurrentDictionary<string, string> _failed = new(StringComparer.Ordinal);

    /// <summary>The first failure that would also affect the next calls, which are then not made.</summary>
    private string? _outage;

    /// <summary>Deletes the objects, and returns the keys that may still exist, each with the reason.</summary>
    public async Task<IReadOnlyDictionary<string, string>> RunAsync(IEnumerable<string> keys, CancellationToken ct)
    {
        foreach (var batch in keys.Distinct().Chunk(MaxKeys))
        {
            try
            {
                if (_outage is null) await DeleteAsync(batch, ct);
            }
            catch (CloudException e)
            {
                _outage = e.Message;
            }

            if (_outage is null) continue;
            foreach (var key in batch) _failed.TryAdd(key, _outage);
        }

        return _failed;
    }

    private async Task DeleteAsync(string[] batch, CancellationToken ct)
    {
        string? refusal = null;
        if (!singles.Contains(bucket))
        {
            try
            {
                await DeleteTogetherAsync(batch, ct);
                return;
            }
            catch (CloudException e) when (AwsErrors.IsRefusalOfBatches(e.Code))
            {
                refusal = e.Message;
            }
        }

        var deleted = await DeleteSinglyAsync(batch, ct);
        // A bucket that refuses both calls is not remembered.
        if (refusal is not null && deleted > 0) singles.Add(bucket, refusal);
    }

    private async Task DeleteTogetherAsync(string[] batch, CancellationToken ct)
    {
        // Not quiet: a key counts as deleted only if the answer names it.
        var request = new DeleteObjectsRequest
        {
            BucketName = bucket,
            Objects = [.. batch.Select(key => new KeyVersion { Key = key })],
            Quiet = false,
        };
        var answer = await aws.RunAsync("DeleteObjects", async token =>
        {
            try
            {
                return await client.DeleteObjectsAsync(request, token);
            }
            catch (DeleteObjectsException e) when (e.Response is not null)
            {
                return e.Response;
            }
        }, ct);
        var deleted = (answer.DeletedObjects ?? []).Select(o => o.Key).ToHashSet();
        foreach (var error in answer.DeleteErrors ?? [])
        {
            if (AwsErrors.Classify(error.Code, null) == CloudFault.Gone) deleted.Add(error.Key);
            else _failed[error.Key] = $"S3 refused to delete it ({error.Code})";
        }

        foreach (var key in batch.Where(k => !deleted.Contains(k))) _failed.TryAdd(key, "S3's answer left it out");
    }

    /// <returns>Number of objects that are gone.</returns>
    private async Task<int> DeleteSinglyAsync(string[] batch, CancellationToken ct)
    {
        var deleted = 0;
        var options = new ParallelOptions { MaxDegreeOfParallelism = MaxParallel, CancellationToken = ct };
        await Parallel.ForEachAsync(batch, options, async (key, token) =>
        {
            if (Volatile.Read(ref _outage) is not null) return;
            try
            {
                await DeleteOneAsync(key, token);
                Interlocked.Increment(ref deleted);
            }
            catch (CloudException e) when (e.Fault == CloudFault.Gone)
            {
                Interlocked.Increment(ref deleted);
            }
            catch (CloudException e)
            {
                _failed[key] = e.Message;
                if (e.Fault != CloudFault.Denied) Volatile.Write(ref _outage, e.Message);
            }
        });
        return deleted;
    }

    /// <summary>Deletes one object. S3 answers 204; a proxy's 200 does not count.</summary>
    private Task<DeleteObjectResponse> DeleteOneAsync(string key, CancellationToken ct) =>
        aws.RunAsync("DeleteObject", async token =>
        {
            var answer = await client.DeleteObjectAsync(bucket, key, token);
            return answer.HttpStatusCode == System.Net.HttpStatusCode.NoContent
                ? answer
                : throw aws.Stranger("DeleteObject");
        }, ct);
}
