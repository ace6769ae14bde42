using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Activities.Aws;

/// <summary>The audit trail in an S3 bucket.</summary>
/// <param name="open">Gives a bucket by its name.</param>
internal sealed class S3AuditStore(Func<string, S3Bucket> open) : IAuditStore
{
    public Task PutAsync(ShardRef shard, string key, ReadOnlyMemory<byte> lines, CancellationToken cancellationToken)
    {
        Guard(shard, key);
        return open(shard.Bucket).PutAsync(key, "application/x-ndjson", lines, cancellationToken);
    }

    public async Task<IReadOnlyList<string>> ListAsync(
        ShardRef shard, DateOnly day, CancellationToken cancellationToken)
    {
        var keys = new List<string>();
        var pages = open(shard.Bucket).ListAsync(AuditKey.Day(shard, day), cancellationToken);
        await foreach (var page in pages) keys.AddRange(page.Select(o => o.Key));
        return keys;
    }

    public async Task<byte[]?> GetAsync(ShardRef shard, string key, CancellationToken cancellationToken)
    {
        Guard(shard, key);
        return (await open(shard.Bucket).ReadAsync(key, cancellationToken))?.Bytes;
    }

    private static void Guard(ShardRef shard, string key)
    {
        if (!key.StartsWith(AuditKey.Prefix(shard), StringComparison.Ordinal))
            throw new ArgumentException("a key outside the shard's audit", nameof(key));
    }
}
