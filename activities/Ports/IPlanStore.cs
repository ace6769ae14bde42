namespace Nstance.Temporal.Activities.Ports;

/// <summary>
/// The shard's plans in the bucket, each under the hash of its bytes, so that any host reads what another one wrote.
/// All calls are safe to retry and throw <see cref="CloudException"/> when they cannot tell.
/// </summary>
internal interface IPlanStore
{
    /// <summary>Writes a plan. The same hash has the same bytes.</summary>
    Task PutAsync(ShardRef shard, string hash, ReadOnlyMemory<byte> plan, CancellationToken cancellationToken);

    /// <summary>Bytes of a plan, which may have been changed; null: it is not there.</summary>
    Task<byte[]?> GetAsync(ShardRef shard, string hash, CancellationToken cancellationToken);

    /// <summary>Deletes plans; one that is missing is done. Returns the hashes that failed, and why.</summary>
    Task<IReadOnlyDictionary<string, string>> DeleteAsync(
        ShardRef shard, IReadOnlyCollection<string> hashes, CancellationToken cancellationToken);
}

/// <summary>Keys of plans.</summary>
internal static class PlanKey
{
    private const int HashLength = 64;

    /// <summary>Returns the key of a plan. A text that is no hash cannot leave the folder.</summary>
    public static string For(ShardRef shard, string hash) =>
        hash.Length == HashLength && hash.All(char.IsAsciiHexDigitLower)
            ? $"{ShardKeys.Root(shard)}gc/plans/{hash}.json"
            : throw new ArgumentException("not a hash", nameof(hash));
}
