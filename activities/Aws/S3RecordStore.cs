using System.Runtime.CompilerServices;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Activities.Aws;

/// <summary>The shard's records and configuration in an S3 bucket.</summary>
/// <param name="open">Gives a bucket by its name.</param>
/// <param name="gets">Bounds the reads in flight of all shards together.</param>
internal sealed class S3RecordStore(Func<string, S3Bucket> open, AdaptiveLimit gets) : IRecordStore
{
    /// <summary>A record is a few KiB. A larger object is not read into memory.</summary>
    private const int MaxBytes = 1 << 20;

    public async IAsyncEnumerable<IReadOnlyList<RecordObject>> ListAsync(
        ShardRef shard, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var prefix = RecordKey.Prefix(shard);
        await foreach (var page in open(shard.Bucket).ListAsync(prefix, cancellationToken))
        {
            // Some tools keep an empty object in place of a folder.
            yield return [.. page.Where(o => o.Key.Length > prefix.Length)];
        }
    }

    public async Task<RecordRead> GetAsync(ShardRef shard, string key, CancellationToken cancellationToken)
    {
        Guard(shard, key);
        if (!RecordKey.TryParse(shard, key, out var tenant, out var id))
            return new RecordRead.Invalid("its key names no tenant and instance");
        if (await ReadAsync(shard, key, cancellationToken) is not { } found) return new RecordRead.Missing();
        if (found.Bytes is null) return new RecordRead.Invalid($"is larger than {MaxBytes} bytes");
        if (!InstanceRecord.TryParse(found.Bytes, out var record, out var why)) return new RecordRead.Invalid(why);
        return record.InstanceId == id && record.Tenant == tenant
            ? new RecordRead.Found(record, found.ETag)
            : new RecordRead.Invalid("names another instance or tenant than its key");
    }

    public Task<IReadOnlyDictionary<string, string>> DeleteAsync(
        ShardRef shard, IReadOnlyCollection<string> keys, CancellationToken cancellationToken)
    {
        foreach (var key in keys) Guard(shard, key);
        return open(shard.Bucket).DeleteAsync(keys, cancellationToken);
    }

    public Task<byte[]?> GetConfigAsync(ShardRef shard, CancellationToken cancellationToken) =>
        GetBytesAsync(shard, ShardKeys.Config(shard), cancellationToken);

    public Task<byte[]?> GetLeaderAsync(ShardRef shard, CancellationToken cancellationToken) =>
        GetBytesAsync(shard, ShardKeys.Leader(shard), cancellationToken);

    private async Task<byte[]?> GetBytesAsync(ShardRef shard, string key, CancellationToken cancellationToken) =>
        await ReadAsync(shard, key, cancellationToken) is not { } found ? null
        : found.Bytes ?? throw new CloudException(CloudFault.Invalid, $"s3://{shard.Bucket}/{key} is too large");

    private Task<S3Content?> ReadAsync(ShardRef shard, string key, CancellationToken cancellationToken) =>
        gets.RunAsync(() => open(shard.Bucket).ReadAsync(key, cancellationToken, MaxBytes), cancellationToken);

    private static void Guard(ShardRef shard, string key)
    {
        if (!key.StartsWith(RecordKey.Prefix(shard), StringComparison.Ordinal))
            throw new ArgumentException("a key outside the shard's instance records", nameof(key));
    }
}
