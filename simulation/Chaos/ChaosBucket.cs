using System.Runtime.CompilerServices;
using System.Text;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>The bucket at the collector's port. Reads may run in parallel: what strikes them depends on their key alone.</summary>
internal sealed class ChaosBucket(ChaosWorld world, ChaosCall call, Invariants invariants, Bounds bounds) : IRecordStore
{
    private readonly int _time = (int)world.Elapsed.TotalMinutes;

    public async IAsyncEnumerable<IReadOnlyList<RecordObject>> ListAsync(
        ShardRef shard, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await call.BeforeAsync("list records", looks: true);
        Fail("list records");
        foreach (var page in world.Bucket.Select(o => new RecordObject(o.Key, $"{o.Value.Version}")).ToArray().Chunk(50))
        {
            yield return page;
            Fail("page of records");
        }
    }

    public async Task<RecordRead> GetAsync(ShardRef shard, string key, CancellationToken cancellationToken)
    {
        await call.BeforeReadAsync();
        Fail(key);
        if (!world.Bucket.TryGetValue(key, out var found)) return new RecordRead.Missing();
        return InstanceRecord.TryParse(Encoding.UTF8.GetBytes(found.Body), out var record, out var why)
            ? new RecordRead.Found(record!, $"{found.Version}")
            : new RecordRead.Invalid(why!);
    }

    public async Task<IReadOnlyDictionary<string, string>> DeleteAsync(
        ShardRef shard, IReadOnlyCollection<string> keys, CancellationToken cancellationToken)
    {
        await call.BeforeAsync("delete records", looks: false);
        if (world.Strikes(Deed.BucketError, "delete", _time)) return keys.ToDictionary(k => k, _ => "S3: 503");
        var failed = new Dictionary<string, string>();
        foreach (var key in keys)
        {
            if (world.Strikes(Deed.BucketRefusesDelete, key, _time))
            {
                failed[key] = "S3: AccessDenied";
                continue;
            }

            invariants.DeletesRecord(key, bounds);
            world.Bucket.Remove(key);
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

    public Task<byte[]?> GetLeaderAsync(ShardRef shard, CancellationToken cancellationToken) =>
        Task.FromResult<byte[]?>(Encoding.UTF8.GetBytes(
            $$"""{ "leaderID": "nst-0", "leaderAddr": "nst-0:9000", "lastUpdated": "{{world.Now:O}}" }"""));

    private void Fail(string what)
    {
        if (world.Strikes(Deed.BucketError, what, _time)) throw new CloudException(CloudFault.Transient, "S3: 503 SlowDown");
    }
}
