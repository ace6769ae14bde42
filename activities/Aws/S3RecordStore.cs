using System.Runtime.CompilerServices;

namespace Nstance.Temporal.Activities.Aws;

/// <summary>The shard's records and configuration in an S3 bucket.</summary>
/// <param name="open">Gives a bucket by its name.</param>
/// <param name="gets">Bounds the reads in flight of all shards together.</param>
internal sealed class S3RecordStore(Func<string, S3Bucket> open, AdaptiveLimit gets) : IRecordStore
{
    /// <summary>Maximum size of a record, which has a few KiB.</summary>
    private const int MaxBytes = 1 << 20;

    public async IAsyncEnumerable<IReadOnlyList<RecordObject>> ListAsync(
        ShardRef shard, [EnumeratorCancellation] CancellationToken ct)
    {
        var prefix = RecordKey.Prefix(shard);
        await foreach (var page in open(shard.Bucket).ListAsync(prefix, ct))
        {
            // Some tools keep an empty object in place of a folder.
            yield return [.. page.Where(o => o.Key.Length > prefix.Length)];
        }
    }

    public async Task<RecordRead> GetAsync(ShardRef shard, string key, CancellationToken ct)
    {
        S3Bucket.Require(RecordKey.Prefix(shard), key);
        return await ReadAsync(shard, key, ct) switch
        {
            null => new RecordRead.Missing(),
            { Bytes: null } => new RecordRead.Invalid($"is larger than {MaxBytes} bytes"),
            { Bytes: { } bytes, ETag: var etag } => RecordRead.Parse(shard, key, bytes, etag),
        };
    }

    public Task<IReadOnlyDictionary<string, string>> DeleteAsync(
        ShardRef shard, IReadOnlyCollection<string> keys, CancellationToken ct)
    {
        foreach (var key in keys) S3Bucket.Require(RecordKey.Prefix(shard), key);
        return open(shard.Bucket).DeleteAsync(keys, ct);
    }

    public Task<byte[]?> GetConfigAsync(ShardRef shard, CancellationToken ct) =>
        GetBytesAsync(shard, ShardKeys.Config(shard), ct);

    public Task<byte[]?> GetLeaderAsync(ShardRef shard, CancellationToken ct) =>
        GetBytesAsync(shard, ShardKeys.Leader(shard), ct);

    private async Task<byte[]?> GetBytesAsync(ShardRef shard, string key, CancellationToken ct) =>
        await ReadAsync(shard, key, ct) is not { } found ? null
        : found.Bytes ?? throw new CloudException(CloudFault.Invalid, $"s3://{shard.Bucket}/{key} is too large");

    private Task<S3Content?> ReadAsync(ShardRef shard, string key, CancellationToken ct) =>
        gets.RunAsync(() => open(shard.Bucket).ReadAsync(key, ct, MaxBytes), ct);
}
