namespace Nstance.Temporal.Activities.Ports;

/// <summary>
/// The shard's plans in the bucket, each under the hash of its bytes, so that any host can read them. All calls are
/// safe to retry and throw <see cref="CloudException"/>.
/// </summary>
internal interface IPlanStore
{
    /// <summary>Writes a plan. The same hash always has the same bytes.</summary>
    Task PutAsync(ShardRef shard, string hash, ReadOnlyMemory<byte> plan, CancellationToken ct);

    /// <summary>Reads the bytes of a plan, which an operator may have changed; null if it does not exist.</summary>
    Task<byte[]?> GetAsync(ShardRef shard, string hash, CancellationToken ct);

    /// <summary>
    /// Deletes plans, and returns the hashes that failed, with the reason. A missing plan is deleted.
    /// </summary>
    Task<IReadOnlyDictionary<string, string>> DeleteAsync(
        ShardRef shard, IReadOnlyCollection<string> hashes, CancellationToken ct);
}

/// <summary>Keys of plans.</summary>
internal static class PlanKey
{
    private const int HashLength = 64;

    /// <summary>Returns the key of a plan. Only a hash is accepted, so that no key leaves the folder.</summary>
    public static string For(ShardRef shard, string hash) =>
        hash.Length == HashLength && hash.All(char.IsAsciiHexDigitLower)
            ? $"{ShardKeys.Root(shard)}gc/plans/{hash}.json"
            : throw new ArgumentException("not a hash", nameof(hash));
}
