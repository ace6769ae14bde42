using System.Runtime.CompilerServices;
using System.Text;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>The bucket at the collector's port. Reads run in parallel: what strikes one depends on its key.</summary>
internal sealed class ChaosBucket(ChaosWorld world, ChaosCall call, Invariants invariants, Bounds bounds) : IRecordStore
{
    private const int PageSize = 50;

    private readonly int _time = (int)world.Elapsed.TotalMinutes;

    public async IAsyncEnumerable<IReadOnlyList<RecordObject>> ListAsync(
        ShardRef shard, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await call.BeforeAsync("list records", looks: true);
        Fail("list records");
        foreach (var keys in world.S3.Keys(shard.Bucket, RecordKey.Prefix(shard)).Chunk(PageSize))
        {
            yield return [.. keys.Select(key => new RecordObject(key, world.S3.Get(shard.Bucket, key)!.ETag))];
            Fail("page of records");
        }
    }

    public async Task<RecordRead> GetAsync(ShardRef shard, string key, CancellationToken cancellationToken)
    {
        await call.BeforeReadAsync();
        Fail(key);
        return world.S3.Get(shard.Bucket, key) is { } found
            ? RecordRead.Parse(shard, key, found.Body, found.ETag)
            : new RecordRead.Missing();
    }

    public async Task<IReadOnlyDictionary<string, string>> DeleteAsync(
        ShardRef shard, IReadOnlyCollection<string> keys, CancellationToken cancellationToken)
    {
        await call.BeforeAsync("delete records", looks: false);
        if (world.Strikes(ChaosEvent.BucketError, "delete", _time)) return keys.ToDictionary(k => k, _ => "S3: 503");
        var failed = new Dictionary<string, string>();
        foreach (var key in keys)
        {
            if (world.Strikes(ChaosEvent.BucketRefusesDelete, key, _time))
            {
                failed[key] = "S3: AccessDenied";
                continue;
            }

            invariants.DeletesRecord(key, bounds);
            world.S3.Delete(shard.Bucket, key, "collector");
        }

        call.After();
        return failed;
    }

    public async Task<byte[]?> GetConfigAsync(ShardRef shard, CancellationToken cancellationToken)
    {
        await call.BeforeAsync("config", looks: true);
        Fail("config");
        return Encoding.UTF8.GetBytes(world.Config);
    }

    public Task<byte[]?> GetLeaderAsync(ShardRef shard, CancellationToken cancellationToken)
    {
        Fail("leader");
        return Task.FromResult(world.Nstance?.LeaderFile is { } json ? Encoding.UTF8.GetBytes(json) : null);
    }

    private void Fail(string what)
    {
        if (world.Strikes(ChaosEvent.BucketError, what, _time))
            throw new CloudException(CloudFault.Transient, "S3: 503 SlowDown");
    }
}
