
namespace Nstance.Temporal.Activities.Aws;

/// <summary>The plans in an S3 bucket.</summary>
/// <param name="open">Gives a bucket by its name.</param>
internal sealed class S3PlanStore(Func<string, S3Bucket> open) : IPlanStore
{
    public Task PutAsync(ShardRef shard, string hash, ReadOnlyMemory<byte> plan, CancellationToken ct) =>
        open(shard.Bucket).PutAsync(PlanKey.For(shard, hash), "application/json", plan, ct);

    public async Task<byte[]?> GetAsync(ShardRef shard, string hash, CancellationToken ct) =>
        (await open(shard.Bucket).ReadAsync(PlanKey.For(shard, hash), ct))?.Bytes;

    public async Task<IReadOnlyDictionary<string, string>> DeleteAsync(
        ShardRef shard, IReadOnlyCollection<string> hashes, CancellationToken ct)
    {
        var keys = hashes.Distinct().ToDictionary(hash => PlanKey.For(shard, hash));
        var failed = await open(shard.Bucket).DeleteAsync(keys.Keys, ct);
        return failed.ToDictionary(fault => keys[fault.Key], fault => fault.Value);
    }
}
