using System.Runtime.CompilerServices;
using System.Text;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Simulation.Fleet;

namespace Nstance.Temporal.Benchmarks.Fleet;

/// <summary>
/// The bucket over a fleet in memory: S3's page and batch sizes, the product's own bound for reads in flight. It keeps
/// no audit, since no phase reads it.
/// </summary>
internal sealed class MemoryBucket(MeasuredFleet fleet, Calls calls) : IRecordStore, IAuditStore, IDisposable
{
    private const int PageSize = 1000;

    // A bound that grew in one run would make the next one look better than a fresh worker is: a new bucket for each.
    private readonly AdaptiveLimit _gets = new();

    public void Dispose() => _gets.Dispose();

    public async IAsyncEnumerable<IReadOnlyList<RecordObject>> ListAsync(
        ShardRef shard, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var page in fleet.Recorded().Chunk(PageSize))
        {
            await calls.MakeAsync("ListObjectsV2", cancellationToken);
            yield return [.. page.Select(n => new RecordObject(shard.RecordKey(fleet.Members[n]), fleet.ETagOf(n)))];
        }
    }

    public Task<RecordRead> GetAsync(ShardRef shard, string key, CancellationToken cancellationToken) =>
        _gets.RunAsync<RecordRead>(async () =>
        {
            await calls.MakeAsync(Calls.GetRecord, cancellationToken);
            return fleet.ById(IdOf(shard, key)) is { } number && fleet.HasRecord(number)
                ? new RecordRead.Found(fleet.Read(number), fleet.ETagOf(number))
                : new RecordRead.Missing();
        }, cancellationToken);

    public async Task<IReadOnlyDictionary<string, string>> DeleteAsync(
        ShardRef shard, IReadOnlyCollection<string> keys, CancellationToken cancellationToken)
    {
        foreach (var chunk in keys.Chunk(PageSize))
        {
            await calls.MakeAsync("DeleteObjects", cancellationToken);
            foreach (var key in chunk) fleet.DeleteRecord(IdOf(shard, key));
        }

        return new Dictionary<string, string>();
    }

    public async Task<byte[]?> GetConfigAsync(ShardRef shard, CancellationToken cancellationToken)
    {
        await calls.MakeAsync("GetConfig", cancellationToken);
        return Encoding.UTF8.GetBytes(shard.Config(new()));
    }

    public async Task<byte[]?> GetLeaderAsync(ShardRef shard, CancellationToken cancellationToken)
    {
        await calls.MakeAsync("GetLeader", cancellationToken);
        return Encoding.UTF8.GetBytes(
            $$"""{ "leaderID": "bench", "leaderAddr": "bench:9000", "lastUpdated": "{{DateTimeOffset.UtcNow:O}}" }""");
    }

    public Task PutAsync(
        ShardRef shard, string key, ReadOnlyMemory<byte> lines, CancellationToken cancellationToken) =>
        calls.MakeAsync("PutObject", cancellationToken);

    public Task<IReadOnlyList<string>> ListAsync(ShardRef shard, DateOnly day, CancellationToken cancellationToken) =>
        throw new NotSupportedException("no phase reads the audit");

    Task<byte[]?> IAuditStore.GetAsync(ShardRef shard, string key, CancellationToken cancellationToken) =>
        throw new NotSupportedException("no phase reads the audit");

    private static string IdOf(ShardRef shard, string key) =>
        RecordKey.TryParse(shard, key, out _, out var id) ? id.ToString() : "";
}

/// <summary>Counts events; handing them to Temporal is measured by <c>shards</c>.</summary>
internal sealed class CountedEvents : IEventSink
{
    private int _events;

    public int Events => Volatile.Read(ref _events);

    public Task SendAsync(ShardRef shard, EventBatch batch, CancellationToken cancellationToken)
    {
        Interlocked.Add(ref _events, batch.Events.Count);
        return Task.CompletedTask;
    }
}
