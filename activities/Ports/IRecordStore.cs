namespace Nstance.Temporal.Activities.Ports;

/// <summary>
/// The shard's part of the bucket. It deletes nothing outside <c>shard/{shard}/instance/</c>. All calls are safe to
/// retry and throw <see cref="CloudException"/> if the bucket does not answer.
/// </summary>
internal interface IRecordStore
{
    /// <summary>Maximum number of reads that a phase has in flight; the adapter may allow fewer.</summary>
    const int MaxParallelReads = 256;

    /// <summary>Returns the options of a parallel loop that reads records.</summary>
    static ParallelOptions InParallel(CancellationToken ct) =>
        new() { MaxDegreeOfParallelism = MaxParallelReads, CancellationToken = ct };

    /// <summary>Lists the instance records. Complete when the enumeration ends without an exception.</summary>
    IAsyncEnumerable<IReadOnlyList<RecordObject>> ListAsync(ShardRef shard, CancellationToken ct);

    Task<RecordRead> GetAsync(ShardRef shard, string key, CancellationToken ct);

    /// <summary>
    /// Deletes records, and returns the keys that failed, with the reason. A missing record counts as deleted. Throws
    /// only when cancelled, or for a key outside the shard's instance prefix.
    /// </summary>
    Task<IReadOnlyDictionary<string, string>> DeleteAsync(
        ShardRef shard, IReadOnlyCollection<string> keys, CancellationToken ct);

    /// <summary>Returns the shard's <c>config.jsonc</c>; null if the bucket has none.</summary>
    Task<byte[]?> GetConfigAsync(ShardRef shard, CancellationToken ct);

    /// <summary>Returns the shard's <c>leader.json</c>; null if the bucket has none.</summary>
    Task<byte[]?> GetLeaderAsync(ShardRef shard, CancellationToken ct);
}

internal readonly record struct RecordObject(string Key, string ETag);

/// <summary>
/// Answer to the read of a record: <see cref="Found"/>, <see cref="Missing"/> or <see cref="Invalid"/>.
/// </summary>
internal abstract record RecordRead
{
    private RecordRead()
    {
    }

    /// <summary>Reads the bytes of an object. A record must name the instance and the tenant of its key.</summary>
    public static RecordRead Parse(ShardRef shard, string key, ReadOnlyMemory<byte> bytes, string etag)
    {
        if (!RecordKey.TryParse(shard, key, out var tenant, out var id))
            return new Invalid("its key names no tenant and instance");
        if (!InstanceRecord.TryParse(bytes, out var record, out var why)) return new Invalid(why);
        return record.InstanceId == id && record.Tenant == tenant
            ? new Found(record, etag)
            : new Invalid("names another instance or tenant than its key");
    }

    internal sealed record Found(InstanceRecord Record, string ETag) : RecordRead;

    /// <summary>The bucket answered that it does not exist.</summary>
    internal sealed record Missing : RecordRead;

    /// <summary>The object is not a record. It is not evidence. <see cref="Why"/> quotes no content.</summary>
    internal sealed record Invalid(string Why) : RecordRead;
}
