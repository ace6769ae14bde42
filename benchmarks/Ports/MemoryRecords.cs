using System.Runtime.CompilerServices;
using System.Text;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Benchmarks.Fleet;

namespace Nstance.Temporal.Benchmarks.Ports;

/// <summary>The bucket over a fleet in memory: S3's page and batch sizes, the product's own bound for reads in flight.</summary>
internal sealed class MemoryRecords(MeasuredFleet fleet, Calls calls, AdaptiveLimit gets) : IRecordStore
{
    private const int PageSize = 1000;

    public async IAsyncEnumerable<IReadOnlyList<RecordObject>> ListAsync(
        ShardRef shard, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var page in fleet.ByKey.Where(fleet.HasRecord).Chunk(PageSize))
        {
            await calls.MakeAsync(Call.ListRecords, cancellationToken);
            yield return [.. page.Select(n => new RecordObject(MeasuredFleet.KeyOf(fleet.Members[n], shard), fleet.ETagOf(n)))];
        }
    }

    public Task<RecordRead> GetAsync(ShardRef shard, string key, CancellationToken cancellationToken) =>
        gets.RunAsync<RecordRead>(async () =>
        {
            await calls.MakeAsync(Call.GetRecord, cancellationToken);
            if (NumberOf(shard, key) is not { } number || !fleet.HasRecord(number)) return new RecordRead.Missing();
            return InstanceRecord.TryParse(fleet.Record(number), out var record, out var why)
                ? new RecordRead.Found(record!, fleet.ETagOf(number))
                : new RecordRead.Invalid(why!);
        }, cancellationToken);

    public async Task<IReadOnlyDictionary<string, string>> DeleteAsync(
        ShardRef shard, IReadOnlyCollection<string> keys, CancellationToken cancellationToken)
    {
        foreach (var chunk in keys.Chunk(PageSize))
        {
            await calls.MakeAsync(Call.DeleteRecords, cancellationToken);
            foreach (var number in chunk.Select(key => NumberOf(shard, key)).OfType<int>()) fleet.DeleteRecord(number);
        }

        return new Dictionary<string, string>();
    }

    public async Task<byte[]?> GetConfigAsync(ShardRef shard, CancellationToken cancellationToken)
    {
        await calls.MakeAsync(Call.GetConfig, cancellationToken);
        return Encoding.UTF8.GetBytes($$"""
            { "cluster": { "id": "{{shard.Cluster}}" }, "shard": { "id": "{{shard.Shard}}", "infra": { "provider": "aws", "region": "us-west-2" } } }
            """);
    }

    public Task<byte[]?> GetLeaderAsync(ShardRef shard, CancellationToken cancellationToken) =>
        Task.FromResult<byte[]?>(Encoding.UTF8.GetBytes($$"""
            { "leaderID": "bench", "leaderAddr": "bench:9000", "lastUpdated": "{{DateTimeOffset.UtcNow:O}}" }
            """));

    private int? NumberOf(ShardRef shard, string key) =>
        RecordKey.TryParse(shard.Shard, key, out _, out var id) ? fleet.ById(id.ToString()) : null;
}
