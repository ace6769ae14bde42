
namespace Nstance.Temporal.Activities.Aws;

/// <summary>The audit trail in an S3 bucket.</summary>
/// <param name="open">Gives a bucket by its name.</param>
internal sealed class S3AuditStore(Func<string, S3Bucket> open) : IAuditStore
{
    public Task PutAsync(ShardRef shard, string key, ReadOnlyMemory<byte> lines, CancellationToken ct)
    {
        S3Bucket.Require(AuditKey.Prefix(shard), key);
        return open(shard.Bucket).PutAsync(key, "application/x-ndjson", lines, ct);
    }

    public async Task<IReadOnlyList<string>> ListAsync(ShardRef shard, DateOnly day, CancellationToken ct)
    {
        var keys = new List<string>();
        var pages = open(shard.Bucket).ListAsync(AuditKey.Day(shard, day), ct);
        await foreach (var page in pages) keys.AddRange(page.Select(o => o.Key));
        return keys;
    }

    public async Task<byte[]?> GetAsync(ShardRef shard, string key, CancellationToken ct)
    {
        S3Bucket.Require(AuditKey.Prefix(shard), key);
        return (await open(shard.Bucket).ReadAsync(key, ct))?.Bytes;
    }
}
