namespace Nstance.Temporal.Activities.Ports;

/// <summary>
/// The shard's part of the bucket. Nothing outside <c>shard/{shard}/instance/</c> is ever deleted. All calls are safe
/// to retry and throw <see cref="CloudException"/> when they cannot tell.
/// </summary>
internal interface IRecordStore
{
    /// <summary>Reads that a phase may have in flight; the adapter bounds what the service allows.</summary>
    const int MaxParallelReads = 256;

    /// <summary>
    /// Pages of instance records. Enumerating to the end without exception is the proof of completeness.
    /// </summary>
    IAsyncEnumerable<IReadOnlyList<RecordObject>> ListAsync(ShardRef shard, CancellationToken cancellationToken);

    /// <summary>Reads one record.</summary>
    Task<RecordRead> GetAsync(ShardRef shard, string key, CancellationToken cancellationToken);

    /// <summary>
    /// Deletes records; one that is missing is done. The answer holds the keys that failed, and why. Throws only when
    /// cancelled, or for a key outside the shard's instance prefix.
    /// </summary>
    Task<IReadOnlyDictionary<string, string>> DeleteAsync(
        ShardRef shard, IReadOnlyCollection<string> keys, CancellationToken cancellationToken);

    /// <summary>
    /// Bytes of the shard's <c>config.jsonc</c>; null when the bucket is there and the object is not.
    /// </summary>
    Task<byte[]?> GetConfigAsync(ShardRef shard, CancellationToken cancellationToken);

    /// <summary>
    /// Bytes of the shard's <c>leader.json</c>; null when the bucket is there and the object is not.
    /// </summary>
    Task<byte[]?> GetLeaderAsync(ShardRef shard, CancellationToken cancellationToken);
}

/// <summary>A record in a listing.</summary>
internal readonly record struct RecordObject(string Key, string ETag);

/// <summary>What reading a record gave: <see cref="Found"/>, <see cref="Missing"/> or <see cref="Invalid"/>.</summary>
internal abstract record RecordRead
{
    private RecordRead()
    {
    }

    /// <summary>The record, and its version.</summary>
    internal sealed record Found(InstanceRecord Record, string ETag) : RecordRead;

    /// <summary>The bucket is there, the record is not.</summary>
    internal sealed record Missing : RecordRead;

    /// <summary>
    /// There is an object that is no record. No evidence of anything; <see cref="Why"/> quotes no content.
    /// </summary>
    internal sealed record Invalid(string Why) : RecordRead;
}
