using System.Runtime.CompilerServices;
using System.Text;
using Nstance.Temporal.Activities;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Simulation.Chaos;
using Nstance.Temporal.Simulation.Fleet;

namespace Nstance.Temporal.Benchmarks.Fleet;

/// <summary>
/// The bucket over a fleet in memory: S3's page and batch sizes, the product's own bound for reads in flight. It keeps
/// no audit, since no phase reads it. It also counts events.
/// </summary>
internal sealed class MemoryBucket(MeasuredFleet fleet, Calls calls)
    : IRecordStore, IAuditStore, IEventSink, IDisposable
{
    // A bound that grew in one run would make the next one look better than a fresh worker is: a new bucket for each.
    private readonly AdaptiveLimit _gets = new();
    private int _events;

    public int Events => _events;

    /// <summary>Makes a worker's activities over this bucket and the fleet's cloud.</summary>
    public GcActivities Activities(string folder, string? shared, Action<ShardRef>? onList = null) => new(
        new ShardDatabases
        {
            HostName = "bench",
            NstanceServerId = "bench",
            DataDirectory = folder,
            SharedDatabasePath = shared,
        },
        new Connections(new MemoryCloud(fleet, calls, onList), this, this, new PlanShelf()), _ => this);

    public void Dispose() => _gets.Dispose();

    public async IAsyncEnumerable<IReadOnlyList<RecordObject>> ListAsync(
        ShardRef shard, [EnumeratorCancellation] CancellationToken ct)
    {
        foreach (var page in fleet.Recorded().Chunk(MemoryCloud.PageSize))
        {
            await calls.MakeAsync(ct);
            yield return [.. page.Select(m => new RecordObject(shard.RecordKey(m), MeasuredFleet.ETag(m)))];
        }
    }

    public Task<RecordRead> GetAsync(ShardRef shard, string key, CancellationToken ct) =>
        _gets.RunAsync<RecordRead>(async () =>
        {
            await calls.MakeAsync(ct);
            return fleet.Find(IdOf(shard, key)) is { } member && fleet.HasRecord(member)
                ? RecordRead.Parse(shard, key, fleet.Record(member), MeasuredFleet.ETag(member))
                : new RecordRead.Missing();
        }, ct);

    public async Task<IReadOnlyDictionary<string, string>> DeleteAsync(
        ShardRef shard, IReadOnlyCollection<string> keys, CancellationToken ct)
    {
        foreach (var _ in keys.Chunk(MemoryCloud.PageSize)) await calls.MakeAsync(ct);
        foreach (var key in keys) fleet.DeleteRecord(IdOf(shard, key));
        return new Dictionary<string, string>();
    }

    public Task<byte[]?> GetConfigAsync(ShardRef shard, CancellationToken ct) => TextAsync(shard.Config(new()), ct);

    public Task<byte[]?> GetLeaderAsync(ShardRef shard, CancellationToken ct) =>
        TextAsync(ShardLayout.Leader("bench", "bench:9000", DateTimeOffset.UtcNow), ct);

    public Task PutAsync(ShardRef shard, string key, ReadOnlyMemory<byte> lines, CancellationToken ct) =>
        calls.MakeAsync(ct);

    public Task<IReadOnlyList<string>> ListAsync(ShardRef shard, DateOnly day, CancellationToken ct) =>
        throw new NotSupportedException("no phase reads the audit");

    Task<byte[]?> IAuditStore.GetAsync(ShardRef shard, string key, CancellationToken ct) =>
        throw new NotSupportedException("no phase reads the audit");

    public Task SendAsync(ShardRef shard, EventBatch batch, CancellationToken ct)
    {
        Interlocked.Add(ref _events, batch.Events.Count);
        return Task.CompletedTask;
    }

    private async Task<byte[]?> TextAsync(string text, CancellationToken ct)
    {
        await calls.MakeAsync(ct);
        return Encoding.UTF8.GetBytes(text);
    }

    private static string IdOf(ShardRef shard, string key) =>
        RecordKey.TryParse(shard, key, out _, out var id) ? id.ToString() : "";
}
