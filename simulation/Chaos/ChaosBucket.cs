using System.Runtime.CompilerServices;
using System.Text;
using Nstance.Temporal.Activities.Audit;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>
/// The bucket at the collector's ports. Records are read in parallel: what strikes a read depends on its key. Audit and
/// plans are searched for secrets.
/// </summary>
internal sealed class ChaosBucket(ChaosCall call) : IRecordStore, IAuditStore, IPlanStore
{
    private const int PageSize = 50;

    private readonly ChaosWorld _world = call.World;

    public async IAsyncEnumerable<IReadOnlyList<RecordObject>> ListAsync(
        ShardRef shard, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await BeforeAsync("list records");
        foreach (var keys in _world.S3.Keys(shard.Bucket, RecordKey.Prefix(shard)).Chunk(PageSize))
        {
            yield return [.. keys.Select(key => new RecordObject(key, _world.S3.Get(shard.Bucket, key)!.ETag))];
            call.BucketFaults("page of records");
        }
    }

    public async Task<RecordRead> GetAsync(ShardRef shard, string key, CancellationToken cancellationToken)
    {
        await call.BeforeReadAsync();
        call.BucketFaults(key);
        return _world.S3.Get(shard.Bucket, key) is { } found
            ? RecordRead.Parse(shard, key, found.Body, found.ETag)
            : new RecordRead.Missing();
    }

    public async Task<IReadOnlyDictionary<string, string>> DeleteAsync(
        ShardRef shard, IReadOnlyCollection<string> keys, CancellationToken cancellationToken)
    {
        await call.BeforeAsync("delete records", looks: false);
        if (call.BucketStrikes(ChaosEvent.BucketError, "delete")) return keys.ToDictionary(k => k, _ => "S3: 503");
        var refused = keys.Where(key => call.BucketStrikes(ChaosEvent.BucketRefusesDelete, key)).ToHashSet();
        foreach (var key in keys.Where(key => !refused.Contains(key)))
        {
            _world.Must.DeletesRecord(key, call.Bounds);
            _world.S3.Delete(shard.Bucket, key, ChaosCloud.Hand);
        }

        call.After();
        return refused.ToDictionary(key => key, _ => "S3: AccessDenied");
    }

    public async Task<byte[]?> GetConfigAsync(ShardRef shard, CancellationToken cancellationToken)
    {
        await BeforeAsync("config");
        return Encoding.UTF8.GetBytes(_world.Config);
    }

    public Task<byte[]?> GetLeaderAsync(ShardRef shard, CancellationToken cancellationToken)
    {
        call.BucketFaults("leader");
        return Task.FromResult(_world.Nstance?.LeaderFile is { } json ? Encoding.UTF8.GetBytes(json) : null);
    }

    async Task IAuditStore.PutAsync(
        ShardRef shard, string key, ReadOnlyMemory<byte> lines, CancellationToken cancellationToken)
    {
        // The call may last: the collector must read evidence again before it terminates.
        await BeforeAsync("put audit");
        var text = Encoding.UTF8.GetString(lines.Span);
        _world.Must.Says(text);
        foreach (var entry in text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(AuditEntry.Parse))
        {
            if (entry is { Action: "terminating" or "quarantining", ProviderId: { } provider })
                _world.Announced.Add(provider);
        }

        call.After();
    }

    Task<IReadOnlyList<string>> IAuditStore.ListAsync(
        ShardRef shard, DateOnly day, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<string>>([]);

    Task<byte[]?> IAuditStore.GetAsync(ShardRef shard, string key, CancellationToken cancellationToken) =>
        Task.FromResult<byte[]?>(null);

    async Task IPlanStore.PutAsync(
        ShardRef shard, string hash, ReadOnlyMemory<byte> plan, CancellationToken cancellationToken)
    {
        await BeforeAsync("put plan");
        _world.Must.Says(Encoding.UTF8.GetString(plan.Span));
        await _world.Plans.PutAsync(shard, hash, plan, cancellationToken);
        call.After();
    }

    async Task<byte[]?> IPlanStore.GetAsync(ShardRef shard, string hash, CancellationToken cancellationToken)
    {
        await BeforeAsync("get plan");
        return await _world.Plans.GetAsync(shard, hash, cancellationToken);
    }

    async Task<IReadOnlyDictionary<string, string>> IPlanStore.DeleteAsync(
        ShardRef shard, IReadOnlyCollection<string> hashes, CancellationToken cancellationToken)
    {
        await BeforeAsync("delete plans");
        return await _world.Plans.DeleteAsync(shard, hashes, cancellationToken);
    }

    private async Task BeforeAsync(string action)
    {
        await call.BeforeAsync(action, looks: true);
        call.BucketFaults(action);
    }
}
